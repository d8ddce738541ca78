package collector

import (
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

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
	rows     apiRows
	created  *timestamppb.Timestamp
	resource []*dto.LabelPair
	duration *prometheus.HistogramVec

	mu     sync.Mutex // guards the fields below
	counts map[faceclient.Operation]*apiCounts
	budget int64
}

// apiCounts count for one operation. They are plain numbers: with thousands of resources, most codes of most resources
// are 0 for ever.
type apiCounts struct {
	labels            []*dto.LabelPair
	statuses, codes   map[string]uint64
	retries           uint64
	throttled, billed float64
}

// apiRows are the request metrics, except for the duration.
type apiRows struct{ requests, errors, retries, throttled, billed, budget row }

func newAPIRows() apiRows {
	perOperation := func(label, name, help string) row {
		names := []string{"resource", "operation"}
		if label != "" {
			names = append(names, label)
		}
		return row{metric: metric{kind: counter, label: label}, desc: prometheus.NewDesc(prometheus.BuildFQName(namespace, "api", name), help, names, nil)}
	}
	return apiRows{
		requests: perOperation("code", "requests_total",
			"Requests sent to the service, including retries, by HTTP status. The code is error where no answer came."),
		errors: perOperation("error_code", "errors_total",
			"Failed requests and refreshes by error code: the service's code or the HTTP status, or a code of the exporter."),
		retries: perOperation("", "retries_total", "Requests sent again after a failure."),
		throttled: perOperation("", "throttle_wait_seconds_total",
			"Time that requests waited for the rate limit of the exporter or the service, summed over requests."),
		billed: perOperation("", "billed_transactions_total", "Transactions that the service said it bills for the requests."),
		budget: row{metric: metric{kind: gauge}, desc: prometheus.NewDesc(prometheus.BuildFQName(namespace, "api", "monthly_request_budget"),
			"Configured limit of requests to the resource in 30 days. 0 means no limit.", []string{"resource"}, nil)},
	}
}

// NewAPIMetrics makes the counters of a resource, with every operation and every known error code at 0. The budget is
// in attempts in 30 days; 0 means no limit.
func (t *Table) NewAPIMetrics(resource string, operations []faceclient.Operation, monthlyRequestBudget int64) *APIMetrics {
	m := &APIMetrics{
		rows:     t.api,
		created:  timestamppb.Now(),
		resource: labels("resource", resource),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Subsystem: "api", Name: "request_duration_seconds",
			Help:                            "Duration of requests, from sending to the end of the answer's body.",
			ConstLabels:                     prometheus.Labels{"resource": resource},
			Buckets:                         []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  160,
			NativeHistogramMinResetDuration: time.Hour,
		}, []string{"operation"}),
		counts: map[faceclient.Operation]*apiCounts{},
		budget: monthlyRequestBudget,
	}
	codes := faceclient.ErrorCodes()
	for _, operation := range operations {
		m.duration.WithLabelValues(string(operation))
		counts := &apiCounts{
			labels:   labels("resource", resource, "operation", string(operation)),
			statuses: map[string]uint64{}, codes: make(map[string]uint64, len(codes)),
		}
		for _, code := range []string{"200", "401", "403", "404", "429", "error"} { // those that alerts look for
			counts.statuses[code] = 0
		}
		for _, code := range codes {
			counts.codes[code] = 0
		}
		m.counts[operation] = counts
	}
	return m
}

// update changes the counts of an operation. An operation that the resource does not have is not counted.
func (m *APIMetrics) update(operation faceclient.Operation, change func(*apiCounts)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if counts := m.counts[operation]; counts != nil {
		change(counts)
	}
}

// bounded is the label of a code: the code, or otherCode where there were enough different ones of its kind.
func bounded(known map[string]uint64, code string) string {
	if _, is := known[code]; !is && len(known) >= maxCodes {
		return otherCode
	}
	return code
}

// SetBudget changes the budget that is shown, in attempts in 30 days.
func (m *APIMetrics) SetBudget(monthlyRequestBudget int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.budget = monthlyRequestBudget
}

// ObserveAttempt is part of faceclient.Observer.
func (m *APIMetrics) ObserveAttempt(attempt faceclient.Attempt) {
	code := "error"
	if attempt.Status != 0 {
		code = strconv.Itoa(attempt.Status)
	}
	m.update(attempt.Operation, func(c *apiCounts) {
		c.statuses[bounded(c.statuses, code)]++
		c.billed += attempt.Billed
	})
	m.duration.WithLabelValues(string(attempt.Operation)).Observe(attempt.Duration.Seconds())
	if attempt.ErrorCode != "" {
		m.ObserveError(attempt.Operation, attempt.ErrorCode)
	}
}

// ObserveRetry is part of faceclient.Observer.
func (m *APIMetrics) ObserveRetry(operation faceclient.Operation) {
	m.update(operation, func(c *apiCounts) { c.retries++ })
}

// ObserveThrottle is part of faceclient.Observer.
func (m *APIMetrics) ObserveThrottle(operation faceclient.Operation, waited time.Duration) {
	m.update(operation, func(c *apiCounts) { c.throttled += waited.Seconds() })
}

// ObserveError is part of facelist.Observer.
func (m *APIMetrics) ObserveError(operation faceclient.Operation, code string) {
	m.update(operation, func(c *apiCounts) { c.codes[bounded(c.codes, code)]++ })
}

// errorCounts is how often each error code was counted. The nil APIMetrics counts nothing.
func (m *APIMetrics) errorCounts(operation faceclient.Operation) (counts map[string]uint64) {
	if m != nil {
		m.update(operation, func(c *apiCounts) { counts = maps.Clone(c.codes) })
	}
	return counts
}

// countOnce counts an error code unless it was counted since before.
func (m *APIMetrics) countOnce(operation faceclient.Operation, code string, before map[string]uint64) {
	if m == nil {
		return
	}
	m.update(operation, func(c *apiCounts) {
		if label := bounded(c.codes, code); c.codes[label] == before[label] {
			c.codes[label]++
		}
	})
}

// Requests is how many requests were sent for an operation of the resource, retries included.
func (m *APIMetrics) Requests(operation faceclient.Operation) (sent float64) {
	m.update(operation, func(c *apiCounts) {
		for _, times := range c.statuses {
			sent += float64(times)
		}
	})
	return sent
}

// Billed is how many transactions the service said it bills for the requests of an operation of the resource.
func (m *APIMetrics) Billed(operation faceclient.Operation) (billed float64) {
	m.update(operation, func(c *apiCounts) { billed = c.billed })
	return billed
}

// Describe is part of prometheus.Collector.
func (m *APIMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, row := range []*row{&m.rows.requests, &m.rows.errors, &m.rows.retries, &m.rows.throttled, &m.rows.billed, &m.rows.budget} {
		out <- row.desc
	}
	m.duration.Describe(out)
}

// Collect is part of prometheus.Collector.
func (m *APIMetrics) Collect(out chan<- prometheus.Metric) {
	m.duration.Collect(out)
	m.mu.Lock()
	budget := m.budget
	shown := make([]apiCounts, 0, len(m.counts))
	for _, counts := range m.counts {
		one := *counts
		one.statuses, one.codes = maps.Clone(counts.statuses), maps.Clone(counts.codes)
		shown = append(shown, one)
	}
	m.mu.Unlock()
	(&samples{out: out, row: &m.rows.budget, labels: m.resource}).add(float64(budget))
	for _, counts := range shown {
		of := func(row *row) *samples {
			return &samples{out: out, row: row, labels: counts.labels, created: m.created}
		}
		of(&m.rows.retries).add(float64(counts.retries))
		of(&m.rows.throttled).add(counts.throttled)
		of(&m.rows.billed).add(counts.billed)
		for code, times := range counts.statuses {
			of(&m.rows.requests).addLabeled(code, float64(times))
		}
		for code, times := range counts.codes {
			of(&m.rows.errors).addLabeled(code, float64(times))
		}
	}
}
