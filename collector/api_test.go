package collector_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
)

// requests are the API metrics of one operation of a resource.
func requests(t *testing.T, api *collector.APIMetrics, operation faceclient.Operation) series {
	t.Helper()
	return valuesOf(t, collector.New(collector.ResourceInfo{Name: "contoso-prod"}, api), operation)
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

	got := requests(t, api, faceclient.DetectLiveness)
	for label, known := range map[string]string{"requests_total{code": "error", "errors_total{error_code": faceclient.CodeTimeout} {
		codes, sum := 0, 0.0
		for name, value := range got {
			if strings.HasPrefix(name, "face_liveness_api_"+label) {
				codes, sum = codes+1, sum+value
			}
		}
		if other := got["face_liveness_api_"+label+`="other"}`]; codes != 51 || other == 0 || sum != invented+1 {
			t.Errorf("%s: %d codes with %v, want 50 and other with %d", label, codes, sum, invented+1)
		}
		got.want(t, fmt.Sprintf("api_%s=%q}", label, known), 1)
	}
}
