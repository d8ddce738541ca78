package faceclient_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
)

// A command that hangs is ended with the programs that it waits for.
func TestCommandThatWaitsForAnother(t *testing.T) {
	held := filepath.Join(t.TempDir(), "held")
	if err := syscall.Mkfifo(held, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(held, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	az(t, "exec 3>"+held+"; echo begun >&3; /bin/sleep 120; exit 1") // both have the pipe
	credential, err := faceclient.NewEntraCredential(faceclient.EntraOptions{Kind: faceclient.EntraAzureCLI})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error)
	go func() { done <- credential.Authorize(ctx, http.Header{}) }()
	if err := pipe.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for n := 0; n == 0; { // the end of the file comes also before there is a writer
		n, err = pipe.Read(make([]byte, 10))
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := io.Copy(io.Discard, pipe); err != nil {
		t.Errorf("a program goes on: %v", err)
	}
}
