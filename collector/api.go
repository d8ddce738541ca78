package collector

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"face_liveness_exporter/faceclient"
)

const (
	// maxCodes is how many distinct error codes, and how many distinct HTTP statuses, an operation can have.
	maxCodes = 50
	// otherLabel stands for all values of a label that has too many.
	otherLabel = "other"
)

// APIMetrics count the requests to one resource and the failures of its refreshes. They are a faceclient.Observer of the
// resource's operations, and live as long as the resource is configured.
type APIMetrics struct {
	requests, errors, retries, throttled, billed *prometheus.CounterVec
	duration                                     *prometheus.HistogramVec
	budget                                       prometheus.Gauge

	mu         sync.Mutex // guards the operations
	operations map[faceclient.Operation]*operationUsage
}

// operationUsage is what must be known of an operation beside its metrics.
type operationUsage struct {
	Usage
	statuses map[string]bool   // that were seen
	codes    map[string]uint64 // that were seen, with how many errors had been counted when each was last
	counted  uint64            // errors
}

// Usage is what the requests of an operation have come to.
type Usage struct {
	// Requests were sent, retries included. RateLimited of them were answered with 429.
	Requests, RateLimited uint64
	// Billed is how many transactions the service said it bills for them.
	Billed float64
	// Duration is how long they took together, each from sending to the end of the answer's body.
	Duration time.Duration
}

// NewAPIMetrics makes the counters of a resource, with every operation and every known error code at 0. The budget is in
// attempts in 30 days; 0 means no limit.
func NewAPIMetrics(resource string, operations []faceclient.Operation, monthlyRequestBudget int64) *APIMetrics {
	named := prometheus.Labels{"resource": resource}
	counted := func(name, help string, labels ...string) *prometheus.CounterVec {
		options := prometheus.CounterOpts{Namespace: namespace, Subsystem: "api", Name: name, Help: help, ConstLabels: named}
		return prometheus.NewCounterVec(options, append([]string{"operation"}, labels...))
	}
	m := &APIMetrics{
		requests: counted("requests_total",
			"Requests sent to the service, including retries, by HTTP status. The code is error if no answer came.", "code"),
		errors: counted("errors_total",
			"Failed requests and refreshes by error code: the service's code or the HTTP status, or a code of the exporter.", "error_code"),
		retries: counted("retries_total", "Requests sent again after a failure."),
		throttled: counted("throttle_wait_seconds_total",
			"Time that requests waited for the rate limit of the exporter or the service, summed over requests."),
		billed: counted("billed_transactions_total", "Transactions that the service said it bills for the requests."),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: "api", Name: "request_duration_seconds", ConstLabels: named,
			Help:                            "Duration of requests, from sending to the end of the answer's body.",
			Buckets:                         []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  160,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"operation"}),
		budget: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: "api", Name: "monthly_request_budget", ConstLabels: named,
			Help: "Configured limit of requests to the resource in 30 days. 0 means no limit.",
		}),
		operations: map[faceclient.Operation]*operationUsage{},
	}
	m.SetBudget(monthlyRequestBudget)
	for _, operation := range operations {
		m.begin(operation)
	}
	return m
}

// begin makes the counters of an operation at 0.
func (m *APIMetrics) begin(operation faceclient.Operation) {
	used := &operationUsage{statuses: map[string]bool{}, codes: map[string]uint64{}}
	for _, vector := range []*prometheus.CounterVec{m.retries, m.throttled, m.billed} {
		vector.WithLabelValues(string(operation))
	}
	m.duration.WithLabelValues(string(operation))
	for _, status := range []string{"200", "401", "403", "404", "429", "error"} { // those that alerts look for
		used.statuses[status] = true
		m.requests.WithLabelValues(string(operation), status)
	}
	for _, code := range faceclient.ErrorCodes() {
		used.codes[code] = 0
		m.errors.WithLabelValues(string(operation), code)
	}
	m.operations[operation] = used
}

// bounded is the value of a label with a limited number of values: the value itself if it is known or there is room, else
// otherLabel.
func bounded[V any](known map[string]V, limit int, value string) string {
	if _, is := known[value]; !is && len(known) >= limit {
		return otherLabel
	}
	return value
}

// SetBudget changes the budget that is shown, in attempts in 30 days.
func (m *APIMetrics) SetBudget(monthlyRequestBudget int64) {
	m.budget.Set(float64(monthlyRequestBudget))
}

// ObserveAttempt counts an attempt and what went wrong with it.
func (m *APIMetrics) ObserveAttempt(attempt faceclient.Attempt) {
	operation, status := string(attempt.Operation), "error"
	if attempt.Status != 0 {
		status = strconv.Itoa(attempt.Status)
	}
	m.duration.WithLabelValues(operation).Observe(attempt.Duration.Seconds())
	m.billed.WithLabelValues(operation).Add(attempt.Billed)
	m.mu.Lock()
	defer m.mu.Unlock()
	used := m.operations[attempt.Operation]
	used.Requests++
	if status == "429" {
		used.RateLimited++
	}
	used.Billed += attempt.Billed
	used.Duration += attempt.Duration
	status = bounded(used.statuses, maxCodes, status)
	used.statuses[status] = true
	m.requests.WithLabelValues(operation, status).Inc()
	if attempt.ErrorCode != "" {
		m.countError(attempt.Operation, bounded(used.codes, maxCodes, attempt.ErrorCode))
	}
}

// countError counts an error. The caller holds mu.
func (m *APIMetrics) countError(operation faceclient.Operation, label string) {
	used := m.operations[operation]
	used.counted++
	used.codes[label] = used.counted
	m.errors.WithLabelValues(string(operation), label).Inc()
}

// ObserveRetry counts a retry.
func (m *APIMetrics) ObserveRetry(operation faceclient.Operation) {
	m.retries.WithLabelValues(string(operation)).Inc()
}

// ObserveThrottle counts the time that an attempt waited.
func (m *APIMetrics) ObserveThrottle(operation faceclient.Operation, waited time.Duration) {
	m.throttled.WithLabelValues(string(operation)).Add(waited.Seconds())
}

// errorsSoFar is how many errors were counted.
func (m *APIMetrics) errorsSoFar(operation faceclient.Operation) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.operations[operation].counted
}

// countFailure counts the error code of a failed refresh, unless one of its attempts was counted under it: since is
// errorsSoFar when the refresh began. It returns the code's label.
func (m *APIMetrics) countFailure(operation faceclient.Operation, code string, since uint64) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	label := bounded(m.operations[operation].codes, maxCodes, code)
	if m.operations[operation].codes[label] <= since {
		m.countError(operation, label)
	}
	return label
}

// Usage is what the requests of an operation of the resource have come to.
func (m *APIMetrics) Usage(operation faceclient.Operation) Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.operations[operation].Usage
}

// collect sends the request metrics.
func (m *APIMetrics) collect(out chan<- prometheus.Metric) {
	for _, part := range []prometheus.Collector{m.requests, m.errors, m.retries, m.throttled, m.billed, m.duration, m.budget} {
		part.Collect(out)
	}
}
