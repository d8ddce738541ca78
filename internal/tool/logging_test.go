package tool_test

import (
	"testing"

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
