package e2e_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
)

// The worked example of two exporters for the same resources, but for its addresses: each resource has two targets, whose
// series stay apart, and a rule shows it once. Without the label `exporter` both targets write one series.
func TestTwoExportersDoNotShareASeries(t *testing.T) {
	t.Parallel()
	const resources = 3
	config := filepath.Join(t.TempDir(), "config.yaml")
	entries := "refresh: {interval: 1h}\napi: {max_requests_per_second: 100}\nresources:\n"
	for i := range resources {
		service := facesim.New(facesim.Options{Key: fmt.Sprint("key-", i)})
		t.Cleanup(service.Close)
		service.Populate(facesim.DetectLiveness, 100+i, uint64(i))
		entries += fmt.Sprintf("  - {name: resource-%d, endpoint: %s, key: %s}\n", i, serve(t, service), service.Key())
	}
	write(t, config, entries)

	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	addresses := map[string]string{"a": "127.0.2.1:" + port, "b": "127.0.2.2:" + port}
	example := regexp.MustCompile(`face-liveness-exporter-([ab])\.face-liveness-exporter:10520`).ReplaceAllStringFunc(
		read(t, "prometheus", "examples", "redundant.yml"),
		func(named string) string { return addresses[string(named[len("face-liveness-exporter-")])] })
	for _, address := range addresses {
		startExporter(t, "--config.file="+config, "--web.listen-address="+address)
	}
	run := func(example string) database {
		root := t.TempDir()
		folder := filepath.Join(root, "examples")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "prometheus.yml"), adapted(t, example, "1s", change{`localhost:9093`, freeAddress(t)}))
		for _, name := range []string{"rules.yaml", "alerts.yaml"} {
			write(t, filepath.Join(root, name), asTheyAre(read(t, "prometheus", name)))
		}
		return startPrometheus(t, debian(t), folder)
	}

	prometheus := run(example)
	eventually(t, "each resource is shown by each exporter", func() bool {
		return len(prometheus.now(`face_liveness_sessions and on (instance, exporter) up{job="face_liveness_resources"} == 1`)) == 2*resources
	})
	for _, s := range prometheus.now("count by (exporter) (face_liveness_sessions)") {
		if s.Metric["exporter"] != addresses["a"] && s.Metric["exporter"] != addresses["b"] || s.Value.number() != resources {
			t.Errorf("%v shows %v resources, want %d", s.Metric, s.Value.number(), resources)
		}
	}
	eventually(t, "the rules show each resource once", func() bool {
		return len(prometheus.now("resource_operation:face_liveness_sessions:max")) == resources
	})
	prometheus.noExportedLabels()

	label := regexp.MustCompile(`(?m)^    relabel_configs:\n(      .*\n)+`)
	if len(label.FindAllString(example, -1)) != 1 {
		t.Fatal("the example has not one relabelling")
	}
	colliding := run(label.ReplaceAllString(example, ""))
	eventually(t, "both exporters are scraped", func() bool {
		shares := colliding.shares("face_liveness_resources")
		return shares[addresses["a"]] == resources && shares[addresses["b"]] == resources
	})
	eventually(t, "the resources are shown", func() bool { return len(colliding.now("face_liveness_sessions")) >= resources })
	if series := len(colliding.now("face_liveness_sessions")); series != resources {
		t.Errorf("without the label there are %d series: what is it good for?", series)
	}
}
