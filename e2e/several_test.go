package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
)

// several are the resources of an example with several exporters: a configuration, and the services by the resource's name.
func several(t *testing.T, settings string, resources int) (config string, services map[string]*facetest.Server) {
	t.Helper()
	config, services = settings+"api: {max_requests_per_second: 100}\nresources:\n", map[string]*facetest.Server{}
	for i := range resources {
		service := facetest.New(facetest.Options{Key: fmt.Sprint("key-", i)})
		service.Populate(facetest.DetectLiveness, 100+i, uint64(i))
		name := fmt.Sprintf("resource-%02d", i)
		services[name] = service
		config += resource(t, name, service)
	}
	return config, services
}

// underExample runs what an example is about: the exporters that it names, each at a loopback address of its own, and a Prometheus.
func underExample(t *testing.T, name, config string, changes ...change) (exporters map[string]*program, prometheus database) {
	t.Helper()
	example := read(t, "prometheus", "examples", name)
	// The exporters have one port, so that the example's hashmod can name them.
	address := regexp.MustCompile(`127\.0\.0\.1(:\d+)`).ReplaceAllString(freeAddress(t), "127.0.1.%s$1")
	exporters = map[string]*program{}
	example = regexp.MustCompile(`face-liveness-exporter-(\w|\$1)\.face-liveness-exporter:10520`).ReplaceAllStringFunc(example, func(named string) string {
		n := strings.TrimPrefix(named, "face-liveness-exporter-")[:1]
		if n == "$" {
			return fmt.Sprintf(address, "$1")
		}
		host := fmt.Sprintf(address, strings.NewReplacer("a", "1", "b", "2").Replace(n))
		if exporters[n] == nil {
			exporters[n] = startWith(t, config, "--web.listen-address="+host)
		}
		return host
	})
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
	return exporters, startPrometheus(t, debian(t), folder)
}

// With two exporters for the same resources, each resource has two targets, whose series stay apart, and a rule shows it once.
func TestTwoExportersDoNotShareASeries(t *testing.T) {
	t.Parallel()
	const resources = 3
	config, _ := several(t, "refresh: {interval: 1h}\n", resources)
	_, prometheus := underExample(t, "redundant.yml", config)
	launch.Eventually(t, "each resource is shown by each exporter", func() bool {
		return len(prometheus.now(`face_liveness_sessions and on (instance, exporter) up{job="face_liveness_resources"} == 1`)) == 2*resources
	})
	launch.Eventually(t, "the rules show each resource once", func() bool {
		return len(prometheus.now("resource_operation:face_liveness_sessions:max")) == resources
	})
	prometheus.noExportedLabels()
}

// With many resources over several exporters, each list is read by one exporter, once, and by nobody before a probe asks for it.
func TestResourcesAreSharedOut(t *testing.T) {
	t.Parallel()
	const resources = 12
	config, services := several(t, "refresh: {on_start: false, interval: 1h}\n", resources)
	storage := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	exporters, prometheus := underExample(t, "sharded.yml", config, change{`http://long-term-storage\.example`, storage})
	launch.Eventually(t, "every list is shown", func() bool {
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
	exporters["0"].stop()
	launch.Eventually(t, "a share is down", func() bool { return prometheus.holds(`up{job="face_liveness_resources"} == 0`) })
	if !prometheus.holds(`up{job="face_liveness_resources"} == 1`) {
		t.Error("the others are down, too")
	}
	prometheus.noExportedLabels()
}
