package collector_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// ofAPI are the metrics of a resource without operations.
func ofAPI(t *testing.T, api *collector.APIMetrics) map[string]*dto.MetricFamily {
	t.Helper()
	return gather(t, collector.New(collector.ResourceInfo{Name: "contoso-prod"}, api))
}

// requests are the API metrics of one operation.
func requests(t *testing.T, api *collector.APIMetrics, operation faceclient.Operation) series {
	t.Helper()
	return valuesOf(ofAPI(t, api), operation)
}

func TestAPIMetricsCount(t *testing.T) {
	plain, verify := faceclient.DetectLiveness, faceclient.DetectLivenessWithVerify
	api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 30_000)
	for _, attempt := range []faceclient.Attempt{
		{Operation: plain, Status: 200, Duration: 50 * time.Millisecond, Billed: 1},
		{Operation: plain, Status: 200, Duration: time.Second, Billed: 2.5},
		{Operation: plain, Status: 200, ErrorCode: faceclient.CodeInvalidResponse, Duration: time.Second, Billed: 1},
		{Operation: plain, Status: 429, ErrorCode: "429", Duration: time.Second},
		{Operation: plain, ErrorCode: faceclient.CodeTimeout, Duration: 10 * time.Second},
		{Operation: plain, ErrorCode: faceclient.CodeConnection, Duration: 11 * time.Second},
		{Operation: verify, Status: 500, ErrorCode: "Unspecified", Duration: time.Second, Billed: 1},
	} {
		api.ObserveAttempt(attempt)
	}
	api.ObserveRetry(plain)
	api.ObserveThrottle(plain, 1500*time.Millisecond)
	api.ObserveThrottle(plain, 250*time.Millisecond)
	for operation, want := range map[faceclient.Operation]series{
		plain: {
			`requests_total{code="200"}`: 3, `requests_total{code="429"}`: 1, `requests_total{code="error"}`: 2,
			`errors_total{error_code="invalid_response"}`: 1, `errors_total{error_code="429"}`: 1, `errors_total{error_code="timeout"}`: 1,
			`errors_total{error_code="Unspecified"}`: 0, `retries_total`: 1, `throttle_wait_seconds_total`: 1.75, `billed_transactions_total`: 4.5,
			`request_duration_seconds_count`: 6, `request_duration_seconds_sum`: 24.05, `monthly_request_budget`: 30_000,
		},
		verify: {
			`requests_total{code="200"}`: 0, `requests_total{code="500"}`: 1, `errors_total{error_code="Unspecified"}`: 1, `errors_total{error_code="429"}`: 0,
			`retries_total`: 0, `throttle_wait_seconds_total`: 0, `billed_transactions_total`: 1, `request_duration_seconds_count`: 1,
		},
	} {
		got := requests(t, api, operation)
		for name, value := range want {
			got.want(t, "api_"+name, value)
		}
	}
	want := collector.Usage{Requests: 6, RateLimited: 1, Billed: 4.5, Duration: 24_050 * time.Millisecond}
	if got := api.Usage(plain); got != want {
		t.Errorf("usage %+v, want %+v", got, want)
	}
}

// Neither a service that makes up codes nor one that makes up statuses adds series for ever.
func TestCodesAndStatusesAreBounded(t *testing.T) {
	const invented = 200
	api := collector.NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
	var observers sync.WaitGroup
	for worker := range 4 {
		observers.Go(func() {
			for i := worker; i < invented; i += 4 {
				api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 500 + i, ErrorCode: fmt.Sprintf("Invented%d", i)})
			}
		})
	}
	observers.Wait()
	api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, ErrorCode: faceclient.CodeTimeout})

	families := ofAPI(t, api)
	for name, label := range map[string]string{"requests": "code", "errors": "error_code"} {
		counts, sum := map[string]float64{}, 0.0
		for _, metric := range families["face_liveness_api_"+name+"_total"].GetMetric() {
			if labelOf(metric, "operation") == string(faceclient.DetectLiveness) {
				counts[labelOf(metric, label)] = metric.GetCounter().GetValue()
				sum += metric.GetCounter().GetValue()
			}
		}
		if len(counts) != 51 || counts["other"] == 0 || sum != invented+1 {
			t.Errorf("%s: %d codes with %v, want 50 and other with %d", name, len(counts), sum, invented+1)
		}
		if known := map[string]string{"requests": "error", "errors": faceclient.CodeTimeout}[name]; counts[known] != 1 {
			t.Errorf("%s: %s is no longer counted as itself", name, known)
		}
	}
	untouched := requests(t, api, faceclient.DetectLivenessWithVerify)
	if n := len(untouched.without(func(name string) bool { return !strings.Contains(name, "api_errors") })); n != len(faceclient.ErrorCodes()) {
		t.Errorf("the other operation has %d codes, want %d", n, len(faceclient.ErrorCodes()))
	}
}

func labelOf(metric *dto.Metric, name string) string {
	for _, pair := range metric.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}
