package statuspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageHTML string

//go:embed style.css
var styleCSS string

//go:embed script.js
var scriptJS string

// Renderer draws pages. It may be used by several goroutines at once.
type Renderer struct {
	template *template.Template
	policy   string
}

// New makes a Renderer. Its template is part of the program, so that there is nothing to go wrong.
func New() *Renderer {
	return &Renderer{
		template: template.Must(template.New("page").Parse(pageHTML)),
		policy: "default-src 'none'; style-src " + hashed(styleCSS) + "; script-src " + hashed(scriptJS) +
			"; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
}

// hashed allows exactly this text in a content security policy.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Render draws a page.
func (r *Renderer) Render(page Page) ([]byte, error) {
	v := newView(page)
	v.Style, v.Script = template.CSS(styleCSS), template.JS(scriptJS) // both are ours
	var out bytes.Buffer
	err := r.template.Execute(&out, v)
	return out.Bytes(), err
}

// Answer sends a page with the headers that let nothing else run in it.
func (r *Renderer) Answer(w http.ResponseWriter, page Page) {
	body, err := r.Render(page)
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Security-Policy", r.policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Frame-Options", "DENY")
	_, _ = w.Write(body) // who has left needs no answer
}
