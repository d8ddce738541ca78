package collector

import (
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/faceclient"
)

const (
	// maxCodes is how many distinct error codes, and how many distinct HTTP statuses, a target can have. Further ones are
	// counted as otherCode.
	maxCodes  = 50
	otherCode = "other"
)

// APIMetrics count the requests to one resource and the failures of its refreshes. They are a faceclient.Observer, a
// facelist.Observer and a prometheus.Collector, and live as long as the resource is configured.
type APIMetrics struct {
	requests, errors           *prometheus.CounterVec
	retries, throttled, billed *prometheus.CounterVec
	duration                   *prometheus.HistogramVec
	budget                     prometheus.Gauge

	mu       sync.Mutex                                 // guards the fields below
	codes    map[faceclient.Operation]map[string]uint64 // how often each was counted
	statuses map[faceclient.Operation]map[string]uint64
}

// NewAPIMetrics makes the counters of a resource, with every operation and every known error code at 0. The budget is
// in attempts in 30 days; 0 means no limit.
func NewAPIMetrics(resource string, operations []faceclient.Operation, monthlyRequestBudget int64) *APIMetrics {
	labels := prometheus.Labels{"resource": resource}
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: namespace, Subsystem: "api", Name: name, Help: help, ConstLabels: labels,
		}, append([]string{"operation"}, more...))
	}
	m := &APIMetrics{
		requests:  counter("requests_total", "Requests sent to the service, including retries, by HTTP status. The code is error where no answer came.", "code"),
		errors:    counter("errors_total", "Failed requests and refreshes by error code: the service's code or the HTTP status, or a code of the exporter.", "error_code"),
		retries:   counter("retries_total", "Requests sent again after a failure."),
		throttled: counter("throttle_wait_seconds_total", "Time that requests waited for the rate limit of the exporter or the service, summed over requests."),
		billed:    counter("billed_transactions_total", "Transactions that the service said it bills for the requests."),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: "api", Name: "request_duration_seconds",
			Help:                            "Duration of requests, from sending to the end of the answer's body.",
			ConstLabels:                     labels,
			Buckets:                         []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  160,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"operation"}),
		budget: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Subsystem: "api", Name: "monthly_request_budget",
			Help: "Configured limit of requests to the resource in 30 days. 0 means no limit.", ConstLabels: labels,
		}),
		codes:    map[faceclient.Operation]map[string]uint64{},
		statuses: map[faceclient.Operation]map[string]uint64{},
	}
	m.budget.Set(float64(monthlyRequestBudget))
	for _, operation := range operations {
		name := string(operation)
		for _, code := range []string{"200", "401", "403", "404", "429", "error"} { // those that alerts look for
			m.requests.WithLabelValues(name, m.bounded(m.statuses, operation, code, 0))
		}
		m.retries.WithLabelValues(name)
		m.throttled.WithLabelValues(name)
		m.billed.WithLabelValues(name)
		m.duration.WithLabelValues(name)
		for _, code := range faceclient.ErrorCodes() {
			m.errors.WithLabelValues(name, m.bounded(m.codes, operation, code, 0))
		}
	}
	return m
}

// SetBudget changes the budget that is shown, in attempts in 30 days.
func (m *APIMetrics) SetBudget(monthlyRequestBudget int64) {
	m.budget.Set(float64(monthlyRequestBudget))
}

// ObserveAttempt is part of faceclient.Observer.
func (m *APIMetrics) ObserveAttempt(attempt faceclient.Attempt) {
	operation, code := string(attempt.Operation), "error"
	if attempt.Status != 0 {
		code = strconv.Itoa(attempt.Status)
	}
	m.requests.WithLabelValues(operation, m.bounded(m.statuses, attempt.Operation, code, 1)).Inc()
	m.duration.WithLabelValues(operation).Observe(attempt.Duration.Seconds())
	m.billed.WithLabelValues(operation).Add(attempt.Billed)
	if attempt.ErrorCode != "" {
		m.ObserveError(attempt.Operation, attempt.ErrorCode)
	}
}

// ObserveRetry is part of faceclient.Observer.
func (m *APIMetrics) ObserveRetry(operation faceclient.Operation) {
	m.retries.WithLabelValues(string(operation)).Inc()
}

// ObserveThrottle is part of faceclient.Observer.
func (m *APIMetrics) ObserveThrottle(operation faceclient.Operation, waited time.Duration) {
	m.throttled.WithLabelValues(string(operation)).Add(waited.Seconds())
}

// ObserveError is part of facelist.Observer.
func (m *APIMetrics) ObserveError(operation faceclient.Operation, code string) {
	m.errors.WithLabelValues(string(operation), m.bounded(m.codes, operation, code, 1)).Inc()
}

// bounded counts a code, and gives its label: the code, or otherCode where there were enough different ones of its kind.
func (m *APIMetrics) bounded(kind map[faceclient.Operation]map[string]uint64, operation faceclient.Operation, code string, times uint64) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := kind[operation]
	if known == nil {
		known = map[string]uint64{}
		kind[operation] = known
	}
	if _, is := known[code]; !is && len(known) >= maxCodes {
		code = otherCode
	}
	known[code] += times
	return code
}

// errorCounts is how often each error code was counted. The nil APIMetrics counts nothing.
func (m *APIMetrics) errorCounts(operation faceclient.Operation) map[string]uint64 {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.codes[operation])
}

// countOnce counts an error code unless it was counted since before.
func (m *APIMetrics) countOnce(operation faceclient.Operation, code string, before map[string]uint64) {
	if m == nil {
		return
	}
	now := m.errorCounts(operation)
	label := code
	if _, is := now[code]; !is && len(now) >= maxCodes {
		label = otherCode
	}
	if now[label] == before[label] {
		m.ObserveError(operation, code)
	}
}

// Requests is how many requests were sent for an operation of the resource, retries included.
func (m *APIMetrics) Requests(operation faceclient.Operation) float64 {
	var shown dto.Metric
	if duration, ok := m.duration.WithLabelValues(string(operation)).(prometheus.Metric); !ok || duration.Write(&shown) != nil {
		return 0
	}
	return float64(shown.GetHistogram().GetSampleCount()) // every attempt has a duration
}

// Billed is how many transactions the service said it bills for the requests of an operation of the resource.
func (m *APIMetrics) Billed(operation faceclient.Operation) float64 {
	var shown dto.Metric
	if m.billed.WithLabelValues(string(operation)).Write(&shown) != nil {
		return 0
	}
	return shown.GetCounter().GetValue()
}

// Describe is part of prometheus.Collector.
func (m *APIMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, part := range m.parts() {
		part.Describe(out)
	}
}

// Collect is part of prometheus.Collector.
func (m *APIMetrics) Collect(out chan<- prometheus.Metric) {
	for _, part := range m.parts() {
		part.Collect(out)
	}
}

func (m *APIMetrics) parts() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.errors, m.retries, m.throttled, m.billed, m.duration, m.budget}
}
