package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"face_liveness_exporter/faceclient/facetest"
	"face_liveness_exporter/internal/launch"
)

//nolint:gocritic // each line begins at ^
var ruleDuration = regexp.MustCompile(`(?m)^([^#\n]*?(?:\[|\[\d+s:|\boffset |^ +(?:keep_firing_)?for: |^ +interval: ))((?:\d+[mhdw])+)`)

// warped divides the durations in rules by 60, so that they wait seconds instead of minutes.
func warped(rules string) string {
	for ruleDuration.MatchString(rules) {
		rules = ruleDuration.ReplaceAllStringFunc(rules, func(match string) string {
			parts := ruleDuration.FindStringSubmatch(match)
			duration, err := model.ParseDuration(parts[2])
			if err != nil {
				panic(err) // the expression admits durations alone
			}
			return fmt.Sprintf("%s%.0fs", parts[1], time.Duration(duration).Minutes())
		})
	}
	return rules
}

// message is what Alertmanager sends to a webhook.
type message struct {
	Status      string
	GroupLabels map[string]string
	Alerts      []struct{ Annotations map[string]string }
}

// startAlertmanager runs an Alertmanager with the repository's alertmanager.yml, whose receivers are a webhook and whose waits
// are divided by 60, too.
func startAlertmanager(t *testing.T, webhook string) *program {
	t.Helper()
	var config struct {
		Route     map[string]any
		Receivers []map[string]any
		Rest      map[string]any `yaml:",inline"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus", "alertmanager.yml")), &config); err != nil {
		t.Fatal(err)
	}
	config.Route["group_wait"], config.Route["group_interval"] = "1s", "5s"
	for i, receiver := range config.Receivers {
		config.Receivers[i] = map[string]any{"name": receiver["name"], "webhook_configs": []map[string]any{{"url": webhook}}}
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	folder, address := t.TempDir(), freeAddress(t)
	path := filepath.Join(folder, "alertmanager.yml")
	write(t, path, string(text))
	p := start(t, "alertmanager", installed(t, "prometheus-alertmanager", "prometheus-alertmanager"),
		"--config.file="+path, "--storage.path="+folder, "--web.listen-address="+address, "--cluster.listen-address=")
	p.Base = "http://" + address
	p.Serves("/-/ready")
	return p
}

// A key that is revoked is told where alerts are received, once, with a text for people, and so is its end.
func TestRevokedKeyIsToldOnce(t *testing.T) {
	t.Parallel()
	service := facetest.New(facetest.Options{})
	service.Populate(facetest.DetectLiveness, 100, 1)
	exporter := startWith(t, "refresh: {interval: 2s}\nresources:\n"+resource(t, "contoso", service))
	messages := make(chan message, 100)
	manager := startAlertmanager(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got message
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		} else if got.GroupLabels["alertname"] != "FaceLivenessExporterDown" {
			// Prometheus looks for its targets for 5 s at first, five minutes to the rules.
			messages <- got
		}
	})))
	prometheus := startPrometheus(t, debian(t), layOut(t, exporter.Host(), manager.Host(), "3s", "", warped))
	tells := func(status string) {
		t.Helper()
		launch.Eventually(t, "a message: "+status, func() bool { return len(messages) > 0 })
		got := <-messages
		if got.Status != status || len(got.Alerts) != 1 || got.GroupLabels["alertname"] != "FaceLivenessCredentialsRefused" {
			t.Fatalf("want FaceLivenessCredentialsRefused alone, %s: %+v", status, got)
		}
		for _, annotation := range []string{"summary", "description"} {
			text := got.Alerts[0].Annotations[annotation]
			if text == "" || strings.Contains(text, "{{") || strings.Contains(text, "error expanding") || strings.Contains(text, "<no value>") {
				t.Errorf("%s, %s: %q", status, annotation, text)
			}
		}
		if summary := got.Alerts[0].Annotations["summary"]; !strings.Contains(summary, "contoso") {
			t.Errorf("the summary does not name the resource: %q", summary)
		}
	}

	launch.Eventually(t, "the list is read", func() bool { return prometheus.holds(`face_liveness_up == 1`) })
	key := service.Key()
	service.SetKey("another")
	tells("firing")
	// Forty minutes to the rules: every alert about a list that is not read would have come.
	launch.Eventually(t, "the list has long been failing", func() bool { return prometheus.holds(`time() - face_liveness_snapshot_timestamp_seconds > 40`) })
	service.SetKey(key)
	tells("resolved")
	launch.Eventually(t, "no alert is left", func() bool { return !prometheus.holds(`ALERTS`) })
	if len(messages) > 0 {
		t.Errorf("one message more: %+v", <-messages)
	}
}
