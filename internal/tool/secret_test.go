package tool_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/rig"
)

// everything is all that a reader or an operator gets to see of a program.
func everything(p *rig.Program) map[string]string {
	texts := map[string]string{"stdout": p.Stdout.String(), "stderr": p.Log()}
	for _, path := range []string{"/", "/metrics", "/sd", "/-/metrics", "/-/ready", "/unknown"} {
		texts[path] = p.Get(path).Body
	}
	for _, format := range []string{"application/openmetrics-text", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"} {
		texts[format] = p.Get("/metrics", "Accept", format).Body
	}
	return texts
}

func TestDevicesAreHashed(t *testing.T) {
	t.Parallel()
	const hashKey = "c4n4ryofth3hashk3y"
	service := rig.NewFace(t)
	service.Populate(rig.Live, 1200, 3)
	p := rig.StartWith(t, service.Contoso(rig.Quick+"devices: {label: hash, top: 20, hash_key_file: "+rig.Write(t, "hash-key", hashKey+"\n")+"}\n"),
		"--log.level=debug")
	hidden, sessions := []string{hashKey}, map[string]float64{}
	for _, session := range service.Sessions(rig.Live) {
		hidden = append(hidden, session.ID)
		if len(session.DeviceID) >= 8 { // a shorter one is part of many a word
			hidden = append(hidden, session.DeviceID)
		}
		mac := hmac.New(sha256.New, []byte(hashKey))
		mac.Write([]byte(session.DeviceID))
		sessions[hex.EncodeToString(mac.Sum(nil))[:12]]++
	}
	devices := p.Scrape().Families["face_liveness_device_sessions"].GetMetric()
	if len(devices) != 20 {
		t.Errorf("%d devices are shown, want 20", len(devices))
	}
	for _, device := range devices {
		if hash := device.GetLabel()[0].GetValue(); sessions[hash] != device.GetGauge().GetValue() {
			t.Errorf("%s has %v sessions, want %v", hash, device.GetGauge().GetValue(), sessions[hash])
		}
	}
	for name, text := range everything(p) {
		rig.NoneOf(t, name, text, hidden...)
	}
}

func TestNoSecretGetsOut(t *testing.T) {
	t.Parallel()
	const (
		key     = "c4n4ryk3yofth3r3sourc3"
		other   = "c4n4ryk3yofth3file"
		message = "c4n4rymessageofth3service"
	)
	service := rig.NewFaceWith(t, facetest.Options{Now: rig.Noon, Key: key})
	service.Populate(rig.Live, 1500, 1)
	refusing := rig.NewFaceWith(t, facetest.Options{Now: rig.Noon, Key: "anoth3r"})
	refusing.Fail(
		facetest.StatusError(500, facetest.ShapeCode, "Unspecified", message).Times(1),
		facetest.Redirect(302, "https://example.com/"+message).Times(1),
		facetest.Reset().Times(1),
		facetest.JSON(`["`+message+`"]`).Times(1),
		facetest.Status(500, "{}").Header("x-ms-error-code", message+" "+message).Times(1),
	)
	for format, line := range map[string]string{"logfmt": "level=DEBUG msg=", "json": `"level":"DEBUG","msg":`, "tint": " DBG "} {
		t.Run(format, func(t *testing.T) {
			configuration := rig.Quick + rig.Often + "resources:\n" + service.Resource("good") +
				rig.Resource("bad", refusing.Endpoint, "key_file: "+rig.Write(t, "key", other)) +
				rig.Resource("gone", "http://127.0.0.1:1", "key_env: KEY_OF_GONE")
			p := rig.Start(t, []string{
				"--config.file=" + rig.Write(t, "exporter.yaml", configuration), "--log.level=debug", "--log.format=" + format,
			}, map[string]string{"KEY_OF_GONE": key})
			for range 8 { // through all that goes wrong
				p.Scrape()
			}
			e := p.Scrape()
			e.Want(t, rig.Of("up", "good", rig.Live), 1)
			if e.Samples[rig.Of("api_errors_total", "bad", rig.Live, "error_code", "401")] == 0 {
				t.Error("the key of the file was not refused")
			}
			texts := everything(p)
			p.End()
			texts["stderr"] = p.Log()
			for name, text := range texts {
				rig.NoneOf(t, name, text, key, other, message, "anoth3r", "singleModal", "start=", "Ocp-Apim")
			}
			rig.NoneOf(t, "the log", p.Log(), "\x1b")
			rig.AllOf(t, "the log", p.Log(), line, strings.TrimPrefix(service.Endpoint, "http://"))
		})
	}
}
