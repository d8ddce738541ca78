package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
)

// several are the resources of an example with several exporters: a configuration, and the services by the resource's name.
func several(t *testing.T, settings string, resources int) (config string, services map[string]*facetest.Server) {
	t.Helper()
	config, services = filepath.Join(t.TempDir(), "config.yaml"), map[string]*facetest.Server{}
	entries := settings + "api: {max_requests_per_second: 100}\nresources:\n"
	for i := range resources {
		service := facetest.New(facetest.Options{Key: fmt.Sprint("key-", i)})
		t.Cleanup(service.Close)
		service.Populate(facetest.DetectLiveness, 100+i, uint64(i))
		name := fmt.Sprintf("resource-%02d", i)
		services[name] = service
		entries += fmt.Sprintf("  - {name: %s, endpoint: %s, key: %s}\n", name, serve(t, service), service.Key())
	}
	write(t, config, entries)
	return config, services
}

// underExample runs a Prometheus with an example's configuration, whose exporters are on a network of loopback addresses.
func underExample(t *testing.T, example string, changes ...change) database {
	t.Helper()
	root := t.TempDir()
	folder := filepath.Join(root, "examples")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "prometheus.yml"), adapted(t, example, "1s", append(changes, change{`localhost:9093`, freeAddress(t)})...))
	write(t, filepath.Join(folder, "devices.rules.yaml"), read(t, "prometheus", "examples", "devices.rules.yaml"))
	for _, name := range []string{"rules.yaml", "alerts.yaml"} {
		write(t, filepath.Join(root, name), warped(read(t, "prometheus", name)))
	}
	return startPrometheus(t, debian(t), folder)
}

// With two exporters for the same resources, each resource has two targets, whose series stay apart, and a rule shows it once.
func TestTwoExportersDoNotShareASeries(t *testing.T) {
	t.Parallel()
	const resources = 3
	config, _ := several(t, "refresh: {interval: 1h}\n", resources)
	port := strings.TrimPrefix(freeAddress(t), "127.0.0.1:")
	addresses := map[string]string{"a": "127.0.2.1:" + port, "b": "127.0.2.2:" + port}
	example := regexp.MustCompile(`face-liveness-exporter-([ab])\.face-liveness-exporter:10520`).ReplaceAllStringFunc(
		read(t, "prometheus", "examples", "redundant.yml"),
		func(named string) string { return addresses[string(named[len("face-liveness-exporter-")])] })
	for _, address := range addresses {
		startExporter(t, "--config.file="+config, "--web.listen-address="+address)
	}
	prometheus := underExample(t, example)
	eventually(t, "each resource is shown by each exporter", func() bool {
		return len(prometheus.now(`face_liveness_sessions and on (instance, exporter) up{job="face_liveness_resources"} == 1`)) == 2*resources
	})
	eventually(t, "the rules show each resource once", func() bool {
		return len(prometheus.now("resource_operation:face_liveness_sessions:max")) == resources
	})
	prometheus.noExportedLabels()
}

// With many resources over several exporters, each list is read by one exporter, once, and by nobody before a probe asks for it.
func TestResourcesAreSharedOut(t *testing.T) {
	t.Parallel()
	const resources = 12
	config, services := several(t, "refresh: {on_start: false, interval: 1h}\n", resources)
	// The exporters have one port, and a loopback address each, so that the example's hashmod can name them.
	example, port := read(t, "prometheus", "examples", "sharded.yml"), strings.TrimPrefix(freeAddress(t), "127.0.0.1:")
	host := regexp.MustCompile(`face-liveness-exporter-(\d|\$1)\.face-liveness-exporter:10520`)
	address := func(n string) string { return "127.0.1." + n + ":" + port }
	exporters := map[string]*program{}
	for _, named := range host.FindAllStringSubmatch(example, -1) {
		if n := named[1]; n != "$1" && exporters[n] == nil {
			exporters[n] = startExporter(t, "--config.file="+config, "--web.listen-address="+address(n))
		}
	}
	if len(exporters) < 2 || !strings.Contains(example, fmt.Sprintf("modulus: %d\n", len(exporters))) {
		t.Fatalf("the example names %d exporters, and not as many as it divides by", len(exporters))
	}
	storage := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	prometheus := underExample(t, host.ReplaceAllString(example, address("$1")), change{`http://long-term-storage\.example`, storage})
	eventually(t, "every list is shown", func() bool {
		return len(prometheus.now(`face_liveness_sessions and on (instance) up{job="face_liveness_resources"} == 1`)) == resources
	})
	for _, s := range prometheus.now("face_liveness_sessions") {
		name := s.Metric["resource"]
		if want := services[name].Len(facetest.DetectLiveness); s.Metric["instance"] != name || int(s.Value.Value) != want {
			t.Errorf("%v has %v sessions, want %d of the instance of its name", s.Metric, s.Value.Value, want)
		}
	}
	// A page, and the proof of the first short one: a second exporter would have asked for as many again.
	for name, service := range services {
		if requests := service.Counts(facetest.DetectLiveness).Requests; requests != 2 {
			t.Errorf("%s had %d requests, want the 2 of one refresh", name, requests)
		}
	}
	// An exporter that is down takes its own share along and no other.
	var targets struct {
		ActiveTargets []struct{ ScrapePool, ScrapeURL string }
	}
	prometheus.ask("targets", url.Values{"state": {"active"}}, &targets)
	share := 0
	for _, target := range targets.ActiveTargets {
		if target.ScrapePool == "face_liveness_resources" && strings.HasPrefix(target.ScrapeURL, exporters["0"].Base) {
			share++
		}
	}
	exporters["0"].stop()
	eventually(t, "those of the exporter that is down are down, and no others", func() bool {
		up := prometheus.now(`up{job="face_liveness_resources"} == 1`)
		return share > 0 && len(up) == resources-share
	})
	if all := len(prometheus.now(`up{job="face_liveness_resources"}`)); all != resources {
		t.Errorf("%d resources are shown, want %d", all, resources)
	}
	prometheus.noExportedLabels()
}
