package exporter_test

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/internal/exporter"
)

// A file that hangs costs its readers two seconds once, however many there are, and one goroutine.
func TestReadThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads, comes := 0, make(chan string)
		read := exporter.InTime(func() (string, error) {
			reads++
			return <-comes, nil
		})
		for _, wait := range []time.Duration{2 * time.Second, 0, 0} {
			began := time.Now()
			if _, err := read(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != wait {
				t.Errorf("%v after %v, want %v", err, time.Since(began), wait)
			}
		}
		comes <- "too late"
		synctest.Wait()
		go func() { comes <- "in time" }()
		if text, err := read(); text != "in time" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		if reads != 2 {
			t.Errorf("%d reads", reads)
		}
	})
}
