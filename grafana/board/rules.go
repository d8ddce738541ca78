package board

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"text/template"
)

// rules fills the template of the recording rules: what several rules have in common is written here, once.
func rules(file string) ([]byte, error) {
	t, err := template.New(filepath.Base(file)).Delims("<<", ">>").Funcs(template.FuncMap{
		"list":      func(items ...string) []string { return items },
		"bands":     bands,
		"shareUpTo": shareUpTo,
		"windows":   windows(rateSpans()),
		"samples":   windows(sampleSpans()),
	}).ParseFiles(file)
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	err = t.Execute(&buffer, nil)
	return buffer.Bytes(), err
}

// margin is where the text of an expression begins, and inner what stands in its parentheses.
const (
	margin = "          "
	inner  = margin + "  "
)

// span is a span of refresh intervals, in seconds as a comparison, and the range that goes with it: at least three intervals
// up to 8 h.
type span struct{ window, intervals string }

// rateSpans are the spans for what is counted whole, and sampleSpans those for samples, of which there are fewer.
func rateSpans() []span {
	return []span{{"15m", "<= 300"}, {"3h", "> 300 <= 3600"}, {"1d", "> 3600"}}
}

func sampleSpans() []span {
	return []span{{"30m", "<= 600"}, {"3h", "> 600 <= 3600"}, {"1d", "> 3600"}}
}

// windows returns a function that writes an expression once for each span, its range in the place of RANGE. The labels are
// those of the expression that the interval does not have.
func windows(spans []span) func(expression string, labels ...string) string {
	return func(expression string, labels ...string) string {
		matching := ""
		if len(labels) > 0 {
			matching = "ignoring (" + strings.Join(labels, ", ") + ") "
		}
		var alternatives []string
		for _, span := range spans {
			alternatives = append(alternatives, fmt.Sprintf("%s%s\n%s  and %sface_liveness_refresh_interval_seconds %s",
				inner, strings.ReplaceAll(expression, "RANGE", span.window), inner, matching, span.intervals))
		}
		return strings.Join(alternatives, "\n"+inner+"or\n")
	}
}

// ttlBand is a range of TTLs between two bounds of the histogram, in seconds.
type ttlBand struct {
	Name     string
	From, To int
}

func bands() []ttlBand {
	return []ttlBand{{"1h", 600, 3600}, {"4h", 3600, 14400}}
}

// shareUpTo is the share of listed sessions with a TTL of at most a bound of the histogram.
func shareUpTo(bound int) string {
	const metric = "face_liveness_session_ttl_seconds"
	return fmt.Sprintf(`%smax by (resource, operation) (%s_bucket{le=~"%d(\\.0)?"})`, inner, metric, bound) +
		fmt.Sprintf("\n%s/ (max by (resource, operation) (%s_count) > 0)", inner, metric)
}
