package board

import (
	"fmt"
	"strings"
)

// selected are the label matchers of the dashboards' variables. A variable stands in label matchers only.
const selected = `{resource=~"$resource", operation=~"$operation"}`

// list names a series after its list.
const list = "{{resource}} {{operation}}"

// query is one query of a panel. Its place in the panel gives it its letter.
type query struct {
	expression string
	legend     string
	style      style
}

type style int

const (
	solid  style = iota
	dashed       // thin and dashed: what another line is compared with
	edge         // not drawn and not in the legend: the lower edge of a band
	band         // fills the space down to the edge, which is the query before it
)

func line(expression, legend string) query {
	return query{expression: expression, legend: legend}
}

func comparison(expression, legend string) query {
	return query{expression: expression, legend: legend, style: dashed}
}

// gauge reads a gauge of each list. Replicas see the same list, so the highest value stands for all.
func gauge(metric string) string {
	return "max by (resource, operation) (" + metric + selected + ")"
}

// requests adds up what a counter of requests grew by in a range. Replicas all cost, so they are all counted.
func requests(counter, window, by string) string {
	return fmt.Sprintf("sum by (%s) (increase(%s%s[%s]))", by, counter, selected, window)
}

// events is what a flow counter of each list grew by in a range.
func events(counter, window string) string {
	return fmt.Sprintf("max by (resource, operation) (increase(%s%s[%s]))", counter, selected, window)
}

// perMinute is a flow's rate. Refreshes are minutes apart, so a counter grows in steps: its increase is divided by the time
// that the refreshes covered and not by the clock. The range must hold at least three refreshes. An offset may follow it.
func perMinute(counter, window string, offset ...string) string {
	reach := selected + "[" + window + "]"
	for _, o := range offset {
		reach += " offset " + o
	}
	return fmt.Sprintf("60 * max by (resource, operation) (increase(%s%s) / (increase(face_liveness_flow_window_seconds_total%s) > 0))",
		counter, reach, reach)
}

// usual is the rate around this hour yesterday or, in the first day, over three hours. The last half hour is left out, as
// an incident must not become what is usual.
func usual(counter string) string {
	return label(perMinute(counter, "1h", "23h30m"), "basis", "yesterday") +
		" or on (resource, operation) " +
		label(perMinute(counter, "3h", "30m"), "basis", "3 hours")
}

// share divides, and draws nothing where the divisor is too small for a share to mean anything.
func share(part, whole string, above int) string {
	return fmt.Sprintf("%s / (%s > %d)", part, whole, above)
}

// total adds up the lists of the selection.
func total(expression string) string { return "sum(" + expression + ")" }

// label sets a label to a value.
func label(expression, name, value string) string {
	return fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, expression, name, value)
}

// either is the first of the expressions that has data.
func either(expressions ...string) string { return strings.Join(expressions, " or on () ") }

const coverage = "face_liveness_snapshot_coverage_ratio" + selected

// estimated adds the label `basis` to the lists of which only a part was read.
func estimated(expression string) string {
	least := "min by (resource, operation) (" + coverage + ")"
	return fmt.Sprintf("%s * on (resource, operation) group_left (basis) (%s >= 1 or %s) ^ 0",
		expression, least, label(least+" < 1", "basis", " (estimate)"))
}

// totalEstimated adds up the lists of the selection, with the label `basis` where a part of them was read in part.
func totalEstimated(expression string) string {
	return fmt.Sprintf("%s * on () group_left (basis) (min(%s) >= 1 or %s) ^ 0",
		total(expression), coverage, label("min("+coverage+") < 1", "basis", " (estimate)"))
}

// nineOfTen is the value that nine of ten observations of a histogram do not exceed, its buckets read as the format says
// ("%s", or "rate(%s[20m])").
func nineOfTen(metric, reading, aggregation, by string) string {
	return fmt.Sprintf("histogram_quantile(0.9, %s by (%s, le) (%s))", aggregation, by, fmt.Sprintf(reading, metric+"_bucket"+selected))
}

// buckets counts the sessions or devices of all selected lists by class.
func buckets(metric string) string {
	return fmt.Sprintf("sum by (le) (max by (resource, operation, le) (%s_bucket%s))", metric, selected)
}
