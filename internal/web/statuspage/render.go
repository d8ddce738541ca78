package statuspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"net/http"

	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/words"
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
	functions := template.FuncMap{
		"about": words.About, "ago": words.Ago, "count": words.Count, "many": words.Many, "money": words.Money, "percent": words.Percent,
		"float": func(n int) float64 { return float64(n) }, "price": words.Price, "seconds": words.Seconds, "sentence": sentence, "span": words.Span, "unlisted": func() string { return explain.UnlistedSessions },
	}
	return &Renderer{
		template: template.Must(template.New("page").Funcs(functions).Parse(pageHTML)),
		policy: "default-src 'none'; style-src " + hashed(styleCSS) + "; script-src " + hashed(scriptJS) +
			"; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
}

// hashed allows exactly this text in a content security policy.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Answer sends a page with the headers that let nothing else run in it.
func (r *Renderer) Answer(w http.ResponseWriter, page Page) {
	var body bytes.Buffer
	if err := r.template.Execute(&body, newView(page)); err != nil {
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
	_, _ = body.WriteTo(w) // a reader who has left needs no answer
}
