package tool_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

// everything is all that a reader or an operator gets to see of a program.
func (p *program) everything() map[string]string {
	p.t.Helper()
	return map[string]string{
		"/metrics":          p.get("/metrics").body,
		"OpenMetrics":       p.get("/metrics", "Accept", openMetrics).body,
		"protobuf":          p.get("/metrics", "Accept", protobuf).body,
		"the page":          p.get("/").body,
		"/-/ready":          p.get("/-/ready").body,
		"the page of a 404": p.get("/unknown").body,
		"stderr":            p.stderr.String(),
		"stdout":            p.stdout.String(),
	}
}

func TestDevicesAreHashed(t *testing.T) {
	t.Parallel()
	const hashKey = "c4n4ryofth3hashk3y"
	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			service := newFace(t, emptyService())
			service.Populate(live, 1200, 3)
			p := startWith(t, contoso(service, quick+"devices: {label: hash, top: 20, hash_key_file: "+write(t, "hash-key", hashKey+"\n")+"}\n"),
				"--log.level=debug", "--log.format="+format)
			sessions := service.Sessions(live)
			want := map[string]float64{}
			for key, value := range truth("contoso", live, sessions, noon(), 20) {
				for _, session := range sessions {
					if id := session.DeviceID; id != "" && key == of("device_sessions", "contoso", live, "device_correlation_id", id) {
						mac := hmac.New(sha256.New, []byte(hashKey))
						mac.Write([]byte(id))
						key = of("device_sessions", "contoso", live, "device_correlation_id", hex.EncodeToString(mac.Sum(nil))[:12])
						break
					}
				}
				want[key] = value
			}
			same(t, p.scrape().population("contoso", live), want)
			hidden := []string{hashKey}
			for _, session := range sessions {
				hidden = append(hidden, session.ID)
				if len(session.DeviceID) >= 8 { // a shorter one is part of many a word
					hidden = append(hidden, session.DeviceID)
				}
			}
			if len(hidden) < 1500 {
				t.Fatalf("%d things to hide are too few to notice one", len(hidden))
			}
			for where, text := range p.everything() {
				noneOf(t, where, text, hidden...)
			}
		})
	}
}

func TestNoSecretGetsOut(t *testing.T) {
	t.Parallel()
	const (
		key     = "c4n4ryk3yofth3r3sourc3"
		other   = "c4n4ryk3yofth3file"
		message = "c4n4rymessageofth3service"
	)
	service := newFace(t, facesim.Options{Now: noon, Key: key})
	service.Populate(live, 1500, 1)
	refusing := newFace(t, facesim.Options{Now: noon, Key: "anoth3r"})
	refusing.Fail(
		facesim.StatusError(500, facesim.ShapeCode, "Unspecified", message).Times(1),
		facetest.Redirect(302, "https://example.com/"+message).Times(1),
		facetest.Reset().Times(1),
		facetest.JSON(`["`+message+`"]`).Times(1),
		facesim.Status(500, "{}").Header("x-ms-error-code", message+" "+message).Times(1),
	)
	for _, format := range []string{"logfmt", "json", "tint"} {
		t.Run(format, func(t *testing.T) {
			configuration := recovering + "resources:\n" +
				resource("good", service.endpoint, "key: "+key) +
				resource("bad", refusing.endpoint, "key_file: "+write(t, "key", other)) +
				resource("gone", "http://127.0.0.1:1", "key_env: KEY_OF_GONE")
			p := start(t, []string{
				"--config.file=" + write(t, "exporter.yaml", configuration), "--log.level=debug", "--log.format=" + format,
			}, map[string]string{"KEY_OF_GONE": key})
			for range 8 { // through all that goes wrong
				p.scrape()
			}
			p.scrape().want(t, of("up", "good", live), 1)
			if p.scrape().samples[of("api_errors_total", "bad", live, "error_code", "401")] == 0 {
				t.Error("the key of the file was not refused")
			}
			texts := p.everything()
			p.end()
			texts["stderr"] = p.stderr.String()
			for where, text := range texts {
				noneOf(t, where, text, key, other, message, "anoth3r", "singleModal", "start=", "Ocp-Apim")
			}
			if !strings.Contains(texts["stderr"], strings.TrimPrefix(service.endpoint, "http://")) {
				t.Error("the log does not name the host")
			}
		})
	}
}
