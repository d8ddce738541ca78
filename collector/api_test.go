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

// requests are the API metrics of one operation.
func requests(t *testing.T, api *collector.APIMetrics, operation faceclient.Operation) series {
	t.Helper()
	return valuesOf(gather(t, api), operation)
}

func TestAPIMetricsFromTheStart(t *testing.T) {
	api := collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations(), 30_000)
	for _, operation := range faceclient.Operations() {
		values := requests(t, api, operation)
		for _, code := range faceclient.ErrorCodes() {
			values.want(t, fmt.Sprintf("api_errors_total{error_code=%q}", code), 0)
		}
		for _, name := range []string{
			"api_retries_total", "api_throttle_wait_seconds_total", "api_billed_transactions_total",
			"api_request_duration_seconds_count", "api_request_duration_seconds_sum",
		} {
			values.want(t, name, 0)
		}
		values.want(t, "api_monthly_request_budget", 30_000)
	}
	// What the service's reference names, and what stands for failures without an answer.
	codes := requests(t, api, faceclient.DetectLiveness)
	for _, code := range strings.Fields(`BadArgument BadRequest 401 Unspecified PermissionDenied UnsupportedFeature 403 404 ResourceNotFound
		ConcurrentOperationConflict 429 502 503 504 timeout connection tls redirect invalid_response canceled pagination authentication`) {
		codes.want(t, fmt.Sprintf("api_errors_total{error_code=%q}", code), 0)
	}
	one := collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations()[:1], 0)
	if others := requests(t, one, faceclient.DetectLivenessWithVerify); len(others) != 1 { // the budget, which has no operation
		t.Errorf("an operation that is not configured has %v", others)
	}
}

func TestAPIMetricsLabels(t *testing.T) {
	api := collector.NewTable().NewAPIMetrics("contoso-gov", faceclient.Operations(), 7)
	for name, family := range gather(t, api) {
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range metric.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if labels["resource"] != "contoso-gov" {
				t.Errorf("%s has labels %v", name, labels)
			}
			if _, has := labels["operation"]; has == (name == "face_liveness_api_monthly_request_budget") {
				t.Errorf("%s has labels %v", name, labels)
			}
		}
	}
}

func TestAPIMetricsCount(t *testing.T) {
	plain, verify := faceclient.DetectLiveness, faceclient.DetectLivenessWithVerify
	api := collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
	for _, attempt := range []faceclient.Attempt{
		{Operation: plain, Status: 200, Duration: 50 * time.Millisecond, Billed: 1},
		{Operation: plain, Status: 200, Duration: 50*time.Millisecond + 1, Billed: 2.5},
		{Operation: plain, Status: 200, ErrorCode: faceclient.CodeInvalidResponse, Duration: 125 * time.Millisecond, Billed: 1},
		{Operation: plain, Status: 429, ErrorCode: "429", Duration: 250 * time.Millisecond},
		{Operation: plain, Status: 401, ErrorCode: "PermissionDenied", Duration: 250 * time.Millisecond},
		{Operation: plain, ErrorCode: faceclient.CodeTimeout, Duration: 10 * time.Second},
		{Operation: plain, ErrorCode: faceclient.CodeConnection, Duration: 11 * time.Second},
		{Operation: verify, Status: 500, ErrorCode: "Unspecified", Duration: time.Second, Billed: 1},
	} {
		api.ObserveAttempt(attempt)
	}
	api.ObserveRetry(plain)
	api.ObserveRetry(plain)
	api.ObserveThrottle(plain, 1500*time.Millisecond)
	api.ObserveThrottle(plain, 250*time.Millisecond)
	api.ObserveError(plain, faceclient.CodePagination)
	for operation, want := range map[faceclient.Operation]series{
		plain: {
			`api_requests_total{code="200"}`:                  3,
			`api_requests_total{code="429"}`:                  1,
			`api_requests_total{code="401"}`:                  1,
			`api_requests_total{code="error"}`:                2,
			`api_errors_total{error_code="invalid_response"}`: 1,
			`api_errors_total{error_code="429"}`:              1,
			`api_errors_total{error_code="PermissionDenied"}`: 1,
			`api_errors_total{error_code="timeout"}`:          1,
			`api_errors_total{error_code="connection"}`:       1,
			`api_errors_total{error_code="pagination"}`:       1,
			`api_errors_total{error_code="Unspecified"}`:      0,
			`api_retries_total`:                               2,
			`api_throttle_wait_seconds_total`:                 1.75,
			`api_billed_transactions_total`:                   4.5,
			`api_request_duration_seconds_count`:              7,
		},
		verify: {
			`api_requests_total{code="200"}`:             0,
			`api_requests_total{code="500"}`:             1,
			`api_errors_total{error_code="Unspecified"}`: 1,
			`api_errors_total{error_code="429"}`:         0,
			`api_retries_total`:                          0,
			`api_throttle_wait_seconds_total`:            0,
			`api_billed_transactions_total`:              1,
			`api_request_duration_seconds_count`:         1,
		},
	} {
		got := requests(t, api, operation)
		for name, value := range want {
			got.want(t, name, value)
		}
	}
	for _, metric := range gather(t, api)["face_liveness_api_request_duration_seconds"].GetMetric() {
		if metric.GetHistogram().GetSampleCount() != 7 {
			continue
		}
		for i, want := range []uint64{1, 2, 5, 5, 5, 5, 5, 6} {
			if got := metric.GetHistogram().GetBucket()[i].GetCumulativeCount(); got != want {
				t.Errorf("duration bucket %v has %d, want %d", metric.GetHistogram().GetBucket()[i].GetUpperBound(), got, want)
			}
		}
		in := metric.GetHistogram().GetZeroCount()
		for _, count := range nativeBuckets(t, metric.GetHistogram()) {
			in += count
		}
		if in != 7 || metric.GetHistogram().GetSchema() < 3 {
			t.Errorf("%d in native buckets of schema %d", in, metric.GetHistogram().GetSchema())
		}
	}
}

func TestStatusesAreBounded(t *testing.T) {
	api := collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
	for status := 200; status < 1000; status++ {
		api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: status})
	}
	codes, sum := map[string]bool{}, 0.0
	for _, metric := range gather(t, api)["face_liveness_api_requests_total"].GetMetric() {
		if label(metric, "operation") == string(faceclient.DetectLiveness) {
			codes[label(metric, "code")] = true
			sum += metric.GetCounter().GetValue()
		}
	}
	if len(codes) != 51 || !codes["other"] || sum != 800 {
		t.Errorf("%d statuses with %v requests, want 50 and other with 800", len(codes), sum)
	}
}

func TestErrorCodesAreBounded(t *testing.T) {
	const invented = 200
	api := collector.NewTable().NewAPIMetrics("contoso-prod", faceclient.Operations(), 0)
	var observers sync.WaitGroup
	for worker := range 4 {
		observers.Go(func() {
			for i := worker; i < invented; i += 4 {
				code := fmt.Sprintf("Invented%d", i)
				api.ObserveAttempt(faceclient.Attempt{Operation: faceclient.DetectLiveness, Status: 400, ErrorCode: code})
				api.ObserveError(faceclient.DetectLiveness, code)
			}
		})
	}
	observers.Wait()
	api.ObserveError(faceclient.DetectLiveness, "InventedLater")
	api.ObserveError(faceclient.DetectLiveness, faceclient.CodeTimeout)

	byOperation := map[string]map[string]float64{}
	for _, metric := range gather(t, api)["face_liveness_api_errors_total"].GetMetric() {
		operation, code := label(metric, "operation"), label(metric, "error_code")
		if byOperation[operation] == nil {
			byOperation[operation] = map[string]float64{}
		}
		byOperation[operation][code] = metric.GetCounter().GetValue()
	}
	codes := byOperation[string(faceclient.DetectLiveness)]
	if len(codes) != 51 {
		t.Errorf("%d error codes, want 50 and other", len(codes))
	}
	sum := 0.0
	for _, count := range codes {
		sum += count
	}
	if sum != 2*invented+2 {
		t.Errorf("%v errors, want %d", sum, 2*invented+2)
	}
	if want := float64(2*(invented-(50-len(faceclient.ErrorCodes()))) + 1); codes["other"] != want {
		t.Errorf("%v other errors, want %v", codes["other"], want)
	}
	if codes[faceclient.CodeTimeout] != 1 {
		t.Error("a known code is no longer counted as itself")
	}
	if untouched := byOperation[string(faceclient.DetectLivenessWithVerify)]; len(untouched) != len(faceclient.ErrorCodes()) {
		t.Errorf("the other operation has %d codes, want %d", len(untouched), len(faceclient.ErrorCodes()))
	}
}

func label(metric *dto.Metric, name string) string {
	for _, pair := range metric.GetLabel() {
		if pair.GetName() == name {
			return pair.GetValue()
		}
	}
	return ""
}
