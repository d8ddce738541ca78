package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
)

// The worked example of many resources over several exporters, but for its addresses: each list is read by one exporter,
// once, and by nobody before a probe asks for it.
func TestResourcesAreSharedOut(t *testing.T) {
	t.Parallel()
	const resources = 12
	config := filepath.Join(t.TempDir(), "config.yaml")
	entries := "refresh: {on_start: false, interval: 1h}\napi: {max_requests_per_second: 100}\nresources:\n"
	services := map[string]*facesim.Server{}
	for i := range resources {
		service := facesim.New(facesim.Options{Key: fmt.Sprint("key-", i)})
		t.Cleanup(service.Close)
		service.Populate(facesim.DetectLiveness, 100+i, uint64(i))
		name := fmt.Sprintf("resource-%02d", i)
		services[name] = service
		entries += fmt.Sprintf("  - {name: %s, endpoint: %s, key: %s}\n", name, serve(t, service), service.Key())
	}
	write(t, config, entries)

	// The exporters have one port, and an address of loopback each, so that the example's hashmod can name them.
	example := read(t, "prometheus", "examples", "sharded.yml")
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
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
	for name, service := range services {
		if requests := service.Counts(facesim.DetectLiveness).Requests; requests != 0 {
			t.Errorf("%s had %d requests before anybody asked for it", name, requests)
		}
	}

	root := t.TempDir()
	folder := filepath.Join(root, "examples")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	storage := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	write(t, filepath.Join(folder, "prometheus.yml"), adapted(t, host.ReplaceAllString(example, address("$1")), "1s",
		change{`http://long-term-storage\.example`, storage}, change{`localhost:9093`, freeAddress(t)}))
	write(t, filepath.Join(folder, "devices.rules.yaml"), read(t, "prometheus", "examples", "devices.rules.yaml"))
	for _, name := range []string{"rules.yaml", "alerts.yaml"} {
		write(t, filepath.Join(root, name), read(t, "prometheus", name))
	}
	prometheus := startPrometheus(t, debian(t), folder)
	eventually(t, "every list is shown", func() bool {
		return len(prometheus.now(`face_liveness_sessions and on (instance) up{job="face_liveness_resources"} == 1`)) == resources
	})
	for _, s := range prometheus.now("face_liveness_sessions") {
		name := s.Metric["resource"]
		if want := services[name].Len(facesim.DetectLiveness); s.Metric["instance"] != name || s.Value.number() != float64(want) {
			t.Errorf("%v has %v sessions, want %d of the instance of its name", s.Metric, s.Value.number(), want)
		}
	}
	eventually(t, "every exporter is up", func() bool {
		return len(prometheus.now(`up{job="face_liveness_exporters"} == 1`)) == len(exporters)
	})

	// A page, and the check of the first short one: a second exporter would have asked for as many again.
	for name, service := range services {
		if requests := service.Counts(facesim.DetectLiveness).Requests; requests != 2 {
			t.Errorf("%s had %d requests, want the 2 of one walk", name, requests)
		}
	}
	// Each exporter has its share, and one that is down takes its own along and no other.
	shares := prometheus.shares("face_liveness_resources")
	for n := range exporters {
		if shares[address(n)] == 0 || shares[address(n)] == resources {
			t.Errorf("of %d resources %s has %d", resources, address(n), shares[address(n)])
		}
	}
	exporters["0"].stop()
	eventually(t, "those of the exporter that is down are down", func() bool {
		return len(prometheus.now(`up{job="face_liveness_resources"} == 0`)) == shares[address("0")]
	})
	if up := len(prometheus.now(`up{job="face_liveness_resources"} == 1`)); up != resources-shares[address("0")] {
		t.Errorf("%d resources are up, want %d", up, resources-shares[address("0")])
	}
	prometheus.noExportedLabels()
}
