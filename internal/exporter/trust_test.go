package exporter_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
	"face_liveness_exporter/internal/rig"
)

// A CA file that is rotated with the service's certificate is used without a reload. While it is half written, requests fail and say
// why.
func TestCAFileIsRotatedWithoutAReload(t *testing.T) {
	t.Parallel()
	service := facetest.New(facetest.Options{})
	first, firstFile := rig.Certificate(t, "contoso.example")
	var current atomic.Pointer[tls.Certificate]
	current.Store(first)
	server := httptest.NewUnstartedServer(service)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{Certificates: []tls.Certificate{*current.Load()}, MinVersion: tls.VersionTLS12}, nil
		},
	}
	server.StartTLS()
	t.Cleanup(func() {
		service.Close()
		server.Close()
	})
	file := rig.Write(t, "ca.pem", firstFile)
	p := rig.StartWith(t, rig.Quick+"refresh: {interval: 1ms}\nresources:\n"+rig.Resource("contoso", server.URL, "key: "+service.Key(), "tls: {ca_file: "+file+"}"))
	second, secondFile := rig.Certificate(t, "contoso.example")
	for _, step := range []struct {
		name        string
		file        string
		certificate *tls.Certificate
		up          float64
		log         string
	}{
		{"the first CA", firstFile, first, 1, ""},
		{"the file has both", firstFile + secondFile, second, 1, ""},
		{"the second is taken out", firstFile, second, 0, "unknown_authority"},
		{"the file is half written", secondFile[:100], second, 0, "tls_files"},
		{"the file is whole again", secondFile, second, 1, ""},
	} {
		rig.Rewrite(t, file, step.file)
		current.Store(step.certificate)
		server.CloseClientConnections()
		launch.Eventually(t, step.name, func() bool {
			return p.Scrape().Samples[rig.Of("up", "contoso", rig.Live)] == step.up && strings.Contains(p.Log(), step.log)
		})
	}
}
