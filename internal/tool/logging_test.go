package tool_test

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestLogFormats(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	for format, line := range map[string]string{
		"auto": "level=INFO msg=", "logfmt": "level=INFO msg=", "json": `"level":"INFO","msg":`, "tint": " INF ",
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			p := startWith(t, contoso(service, quick), "--log.format="+format)
			log := p.stderr.String()
			if !strings.Contains(log, line) || strings.ContainsRune(log, '\x1b') {
				t.Errorf("no %q, or colours, in\n%q", line, log)
			}
		})
	}
	t.Run("nothing below the level", func(t *testing.T) {
		t.Parallel()
		p := startWith(t, contoso(service, quick))
		p.scrape()
		p.end()
		if bytes.Contains([]byte(p.stderr.String()), []byte("level=DEBUG")) {
			t.Errorf("debugging lines at level info:\n%s", p.stderr)
		}
	})
}

// What goes wrong for a long time is said once, however often it happens and however many look on.
func TestPermanentFaultIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]facesim.Fault{
		"unavailable": facesim.Status(503, ""), "refused": facesim.StatusError(401, facesim.ShapeFlat, "401", "no"),
		"another code each time": facesim.Wrap("codes", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("x-ms-error-code", "Code"+strconv.FormatInt(rand.Int64(), 36))
				w.WriteHeader(http.StatusTeapot)
			})
		}),
		"no list":        facetest.HTML(200),
		"no more pages":  facesim.RepeatPages(),
		"no whole body":  facetest.CutBody(),
		"no answer":      facetest.Reset(),
		"not compressed": facetest.NotGzip(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := newFace(t, emptyService())
			service.Populate(live, 2500, 1)
			service.Fail(fault)
			p := startWith(t, contoso(service, recovering))
			p.scrape().want(t, of("up", "contoso", live), 0)
			for refreshes := 1.0; refreshes < 30; {
				refreshes = p.scrape().samples[of("refreshes_total", "contoso", live)]
			}
			p.end()
			log := p.stderr.String()
			if said := strings.Count(log, "refresh failed"); said != 1 {
				t.Errorf("said %d times", said)
			}
			if lines := strings.Count(log, "\n"); lines > 10 {
				t.Errorf("%d lines:\n%s", lines, log)
			}
		})
	}
}
