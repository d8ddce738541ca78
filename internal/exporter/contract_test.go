package exporter_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/faceclient/facesim"
)

// contract is every metric that is promised, with its labels beside resource and operation. An "absent" one is not there
// before the first complete walk.
func contract() []struct {
	name   string
	kind   dto.MetricType
	labels string
	absent bool
} {
	type row = struct {
		name   string
		kind   dto.MetricType
		labels string
		absent bool
	}
	const (
		gauge, counter, histogram = dto.MetricType_GAUGE, dto.MetricType_COUNTER, dto.MetricType_HISTOGRAM
		target                    = "operation resource"
	)
	return []row{
		{"sessions", gauge, target, true},
		{"sessions_active", gauge, target, true},
		{"sessions_expired", gauge, target, true},
		{"sessions_started", gauge, target, true},
		{"sessions_abandoned", gauge, target, true},
		{"session_ttl_seconds", histogram, target, true},
		{"session_remaining_ttl_seconds", histogram, target, true},
		{"session_start_delay_seconds", histogram, target, true},
		{"devices", gauge, target, true},
		{"device_sessions", gauge, "device_correlation_id " + target, true},
		{"device_sessions_other", gauge, target, true},
		{"sessions_without_device", gauge, target, true},
		{"sessions_per_device", histogram, target, true},
		{"session_creations_total", counter, target, false},
		{"session_starts_total", counter, target, false},
		{"session_expirations_total", counter, target, false},
		{"session_abandonments_total", counter, target, false},
		{"flow_window_seconds_total", counter, target, false},
		{"api_requests_total", counter, "code " + target, false},
		{"api_errors_total", counter, "error_code " + target, false},
		{"api_retries_total", counter, target, false},
		{"api_request_duration_seconds", histogram, target, false},
		{"api_throttle_wait_seconds_total", counter, target, false},
		{"api_billed_transactions_total", counter, target, false},
		{"api_monthly_request_budget", gauge, "resource", false},
		{"up", gauge, target, false},
		{"snapshot_timestamp_seconds", gauge, target, true},
		{"snapshot_pages", gauge, target, true},
		{"snapshot_coverage_ratio", gauge, target, true},
		{"refresh_interval_seconds", gauge, target, false},
		{"refresh_duration_seconds", gauge, target, false},
		{"refreshes_total", counter, target, false},
		{"refresh_failures_total", counter, target, false},
		{"resource_info", gauge, "api_version resource service_endpoint", false},
		{"exporter_build_info", gauge, "branch goarch goos goversion revision tags version", false},
		{"exporter_config_last_reload_successful", gauge, "", false},
		{"exporter_config_last_reload_success_timestamp_seconds", gauge, "", false},
	}
}

// Every promised metric is there, with its type and its labels, from the start where it does not need a snapshot.
func TestEveryMetricOfTheContract(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 100, 1)
	service.Populate(verify, 100, 2)
	held, release := gate()
	service.Fail(held)
	p := startWith(t, contoso(service, quick, bothOperations))
	check := func(e exposition, walked bool) {
		t.Helper()
		names := map[string]bool{}
		for _, row := range contract() {
			names["face_liveness_"+row.name] = true
			family := e.families["face_liveness_"+row.name]
			if there := family != nil; there != (walked || !row.absent) {
				t.Errorf("%s: there is %v (after a walk: %v)", row.name, there, walked)
			}
			if family == nil {
				continue
			}
			if family.GetType() != row.kind {
				t.Errorf("%s is a %v, want %v", row.name, family.GetType(), row.kind)
			}
			operations := map[string]bool{}
			for _, metric := range family.GetMetric() {
				var labels []string
				for _, label := range metric.GetLabel() {
					labels = append(labels, label.GetName())
					if label.GetName() == "operation" {
						operations[label.GetValue()] = true
					}
				}
				slices.Sort(labels)
				if got := strings.Join(labels, " "); got != row.labels {
					t.Errorf("%s has the labels %q, want %q", row.name, got, row.labels)
					break
				}
			}
			if strings.Contains(row.labels, "operation") && len(operations) != 2 {
				t.Errorf("%s: operations %v, want both", row.name, operations)
			}
		}
		for name := range e.families {
			if strings.HasPrefix(name, "face_liveness_") && !names[name] {
				t.Errorf("%s is not in the contract", name)
			}
		}
	}
	early := p.scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.05")
	check(early, false)
	for _, code := range []string{
		"BadArgument", "BadRequest", "401", "Unspecified", "PermissionDenied", "UnsupportedFeature", "403", "404", "ResourceNotFound",
		"ConcurrentOperationConflict", "429", "502", "503", "504", "timeout", "connection", "tls", "redirect", "invalid_response",
		"canceled", "pagination", "authentication",
	} {
		early.want(t, of("api_errors_total", "contoso", verify, "error_code", code), 0)
	}
	early.want(t, of("refresh_interval_seconds", "contoso", live), 300)
	release()
	check(p.scrape(), true)
}

// What the service's operators see of the exporter.
func TestRequestsNameTheProgram(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 2500, 1)
	p := startWith(t, contoso(service, quick, "api: {version: v1.1-preview.1, page_size: 500}"))
	p.scrape().want(t, series("face_liveness_resource_info", nil,
		"resource", "contoso", "service_endpoint", service.endpoint, "api_version", "v1.1-preview.1"), 1)
	ids := map[string]bool{}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for _, request := range service.Requests() {
		ids[request.ClientRequestID] = true
		if !uuid.MatchString(request.ClientRequestID) || request.Auth != facesim.AuthKey || request.Top != "500" ||
			request.Version != "v1.1-preview.1" || !strings.HasPrefix(request.UserAgent, "face_liveness_exporter/") {
			t.Errorf("%v, user agent %q, client-request-id %q", request, request.UserAgent, request.ClientRequestID)
		}
	}
	if len(ids) != len(service.Requests()) || len(ids) < 5 {
		t.Errorf("%d requests have %d ids", len(service.Requests()), len(ids))
	}
}
