package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"go.yaml.in/yaml/v3"
)

// rule is a recording or an alerting rule.
type rule struct {
	Record string
	Alert  string
	Expr   string
	For    model.Duration
	Keep   model.Duration `yaml:"keep_firing_for"`
	Labels map[string]string
}

// read reads the rules of files, in the order in which they are evaluated.
func read(paths ...string) (rules []rule, err error) {
	for _, path := range paths {
		var file struct{ Groups []struct{ Rules []rule } }
		text, err := os.ReadFile(path)
		if err == nil {
			err = yaml.Unmarshal(text, &file)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, group := range file.Groups {
			rules = append(rules, group.Rules...)
		}
	}
	return rules, nil
}

// firing is a time, in minutes, in which an alert fired. Active is when its condition became true.
type firing struct {
	alert, severity     string
	active, from, until int
}

var engine = promql.NewEngine(promql.EngineOpts{
	MaxSamples: math.MaxInt32, Timeout: time.Hour, LookbackDelta: 5 * time.Minute, Parser: parser.NewParser(parser.Options{}),
})

// evaluate evaluates each rule in a span of minutes, every so many; the alerts from a later one on. What is recorded goes to the
// database.
func evaluate(db database, rules []rule, from, alertsFrom, to, every int) (firings []firing, err error) {
	queryable := &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: db.selected}}
	for _, r := range rules {
		from := from
		if r.Alert != "" {
			from = alertsFrom
		}
		query, err := engine.NewRangeQuery(context.Background(), queryable, nil, r.Expr, clock(from), clock(to), time.Duration(every)*time.Minute)
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", r.Record, r.Alert, err)
		}
		matrix, err := query.Exec(context.Background()).Matrix()
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", r.Record, r.Alert, err)
		}
		if r.Alert != "" {
			for _, s := range matrix {
				firings = append(firings, r.fire(s.Floats, every)...)
			}
		} else {
			r.record(db, matrix)
		}
		query.Close()
	}
	return firings, nil
}

// record keeps the result. Two series of it can be one once they have the rule's name, at times that differ.
func (r rule) record(db database, matrix promql.Matrix) {
	for _, s := range matrix {
		builder := labels.NewBuilder(s.Metric).Set(model.MetricNameLabel, r.Record)
		for name, value := range r.Labels {
			builder.Set(name, value)
		}
		out := db.series(builder.Labels())
		out.Floats = append(out.Floats, s.Floats...)
		slices.SortFunc(out.Floats, func(a, b promql.FPoint) int { return int(a.T - b.T) })
	}
}

// fire applies `for` and `keep_firing_for` as Prometheus does, to the times at which the condition is true.
func (r rule) fire(on []promql.FPoint, every int) (firings []firing) {
	for _, p := range on {
		t := int(time.UnixMilli(p.T).Sub(epoch).Minutes())
		if last := len(firings) - 1; last >= 0 {
			f := &firings[last]
			keep := 0
			if f.from < f.until {
				keep = int(time.Duration(r.Keep).Minutes())
			}
			if t <= f.until+keep {
				f.until = t + every
				continue
			}
		}
		firings = append(firings, firing{r.Alert, r.Labels["severity"], t, t + int(time.Duration(r.For).Minutes()), t + every})
	}
	return slices.DeleteFunc(firings, func(f firing) bool { return f.from >= f.until })
}
