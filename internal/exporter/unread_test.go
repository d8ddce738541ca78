package exporter_test

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/internal/exporter"
)

// slowReader is a client that reads nothing until it is cut off.
type slowReader struct {
	*httptest.ResponseRecorder
	cut chan struct{} // closed then
}

func (s slowReader) Write([]byte) (int, error) {
	<-s.cut
	return 0, os.ErrDeadlineExceeded
}

func (s slowReader) SetWriteDeadline(deadline time.Time) error {
	if !deadline.After(time.Now()) {
		close(s.cut)
	}
	return nil
}

func (s slowReader) isCut() bool {
	select {
	case <-s.cut:
		return true
	default:
		return false
	}
}

// Clients that do not read their answers keep no other from its own: those that have had theirs for the longest time are cut off.
func TestSlowReadersMakeRoomForOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer := make([]byte, 6<<20) // of which two fit
		_, _ = rand.NewChaCha8([32]byte{}).Read(answer)
		long := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) })
		give := exporter.Giver()
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		readers := make([]slowReader, 4)
		for i := range readers {
			readers[i] = slowReader{httptest.NewRecorder(), make(chan struct{})}
			go give(readers[i], request, long)
			synctest.Wait()
			for j, reader := range readers[:i+1] {
				if want := j < i-1; reader.isCut() != want {
					t.Errorf("after %d answers, number %d is cut off: %t", i+1, j+1, !want)
				}
			}
		}
		good := httptest.NewRecorder()
		give(good, request, long)
		if got := good.Body.Len(); got != len(answer) {
			t.Errorf("another client has %d bytes, want %d", got, len(answer))
		}
		give(good, request, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		if !readers[2].isCut() || readers[3].isCut() {
			t.Errorf("cut off: %t, %t", readers[2].isCut(), readers[3].isCut())
		}
		close(readers[3].cut)
	})
}
