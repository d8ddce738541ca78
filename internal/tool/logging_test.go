package tool_test

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	facesim "face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
)

func TestLogFormats(t *testing.T) {
	t.Parallel()
	service := rig.NewFace(t)
	for format, line := range map[string]string{
		"auto": "level=INFO msg=", "logfmt": "level=INFO msg=", "json": `"level":"INFO","msg":`, "tint": " INF ",
	} {
		p := rig.StartWith(t, service.Contoso(rig.Quick), "--log.format="+format)
		p.Scrape()
		rig.AllOf(t, format, p.Log(), line)
		rig.NoneOf(t, format, p.Log(), "\x1b", "debug", "DBG")
	}
}

// What goes wrong for a long time is said once, however often it happens and however many look on.
func TestPermanentFaultIsLoggedOnce(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]facesim.Fault{
		"refused":   facesim.StatusError(401, facesim.ShapeFlat, "401", "no"),
		"no answer": facetest.Reset(),
		"another code each time": facesim.Wrap("codes", func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("x-ms-error-code", "Code"+strconv.FormatInt(rand.Int64(), 36))
				w.WriteHeader(http.StatusTeapot)
			})
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			service := rig.NewFace(t)
			service.Fail(fault)
			p := rig.StartWith(t, service.Contoso(rig.Quick+rig.Often))
			for refreshes := 0.0; refreshes < 20; {
				refreshes = p.Scrape().Samples[rig.Of("refreshes_total", "contoso", rig.Live)]
			}
			if said := strings.Count(p.Log(), "refresh failed"); said != 1 || strings.Count(p.Log(), "\n") > 10 {
				t.Errorf("said %d times:\n%s", said, p.Log())
			}
		})
	}
}
