package exporter_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"face_liveness_exporter/internal/exporter"
)

// An answer of any length comes as its client wants it, one after the other.
func TestAnswersComeAsTheyAreWanted(t *testing.T) {
	t.Parallel()
	give := exporter.Giver()
	for _, lines := range []int{0, 1, 1000, 100_000} {
		for _, encoding := range []string{"", "gzip"} {
			t.Run(fmt.Sprintf("%d lines, Accept-Encoding %q", lines, encoding), func(t *testing.T) {
				text := strings.Repeat("face_liveness_up 1\n", lines)
				request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
				request.Header.Set("Accept-Encoding", encoding)
				got := httptest.NewRecorder()
				give(got, request, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "text/plain")
					w.WriteHeader(http.StatusTeapot)
					for line := range strings.Lines(text) {
						_, _ = io.WriteString(w, line)
					}
				}))
				if got.Code != http.StatusTeapot || got.Header().Get("Content-Type") != "text/plain" || got.Header().Get("Content-Encoding") != encoding {
					t.Errorf("%d, %v", got.Code, got.Header())
				}
				var body io.Reader = got.Body
				if encoding != "" {
					unzipped, err := gzip.NewReader(body)
					if err != nil {
						t.Fatal(err)
					}
					body = unzipped
				}
				if plain, err := io.ReadAll(body); string(plain) != text || err != nil {
					t.Errorf("%d bytes, %v; want %d", len(plain), err, len(text))
				}
			})
		}
	}
}
