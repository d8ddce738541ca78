package e2e_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
)

// Each resource as a target of its own, by /sd and /probe.
func TestEachResourceIsATarget(t *testing.T) {
	t.Parallel()
	service := facetest.New(facetest.Options{})
	t.Cleanup(service.Close)
	service.Populate(facetest.DetectLiveness, 2345, 1)
	resources := fmt.Sprintf(`
refresh: {interval: 1s}
api: {max_requests_per_second: 100, max_retries: 0}
resources:
  - {name: good, endpoint: %s, key: %s}
`, serve(t, service), service.Key())
	config := filepath.Join(t.TempDir(), "config.yaml")
	write(t, config, resources+fmt.Sprintf("  - {name: down, endpoint: 'http://%s', key: none}\n", freeAddress(t)))
	exporter := startExporter(t, "--config.file="+config, "--web.enable-lifecycle")

	folder := t.TempDir()
	write(t, filepath.Join(folder, "prometheus.yml"), fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: face_liveness
    http_sd_configs: [{url: "%s/sd", refresh_interval: 1h}]
  - job_name: face_liveness_exporter
    metrics_path: /-/metrics
    static_configs: [{targets: ["%s"]}]
`, exporter.Base, exporter.Host()))
	prometheus := startPrometheus(t, current(t), folder)
	instances := func(expression string) []string {
		var names []string
		for _, s := range prometheus.now(expression) {
			names = append(names, s.Metric["instance"])
		}
		slices.Sort(names)
		return names
	}
	are := func(expression string, want ...string) {
		t.Helper()
		var got []string
		if !within(t, patience, func() bool { got = instances(expression); return slices.Equal(got, want) }) {
			t.Errorf("%s has the instances %q, want %q", expression, got, want)
		}
	}

	are(`up{job="face_liveness"} == 1`, "down", "good")
	are(`face_liveness_up == 1`, "good")
	are(`face_liveness_up == 0`, "down")
	are(`face_liveness_sessions == 2345`, "good")
	are(`up`, exporter.Host(), "down", "good")
	are(`face_liveness_exporter_build_info`, exporter.Host())
	are(`{__name__=~"face_liveness_.*", job="face_liveness", resource=""}`)

	// A resource that is taken out is a target that fails, until Prometheus asks /sd again.
	write(t, config, resources)
	if status, body, err := exporter.request(http.MethodPost, "/-/reload"); err != nil || status != http.StatusOK {
		t.Fatalf("reload: %d %s %v", status, body, err)
	}
	are(`up{job="face_liveness"} == 0`, "down")
	are(`up{job="face_liveness"} == 1`, "good")
	are(`up{job="face_liveness"}`, "down", "good")
	prometheus.noExportedLabels()
}
