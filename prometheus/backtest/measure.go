package main

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// measurement collects what simulations find, from several at once.
type measurement struct {
	rules  []rule
	months int // simulated without an incident, of each size

	mu     sync.Mutex
	alarms map[string][]string         // when an alert fired meanwhile, by alert and size
	runs   map[string][]map[string]int // minutes to each alert that fired, by incident and size
	missed []string
}

func key(name string, size float64) string { return fmt.Sprintf("%s at %.0f an hour", name, size) }

// month simulates four healthy weeks. An outage of the service is in them, which FaceLivenessRefreshFailing may tell.
func (m *measurement) month(size float64, seed uint64) error {
	w := newWorld(size, seed)
	w.traffic.effects = healthy
	w.run(monthEnds)
	firings, err := evaluate(w.db, m.rules, begins, monthBegins, monthEnds, refreshEvery)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range firings {
		if f.alert != "FaceLivenessRefreshFailing" || f.from < outageAt || f.from > outageAt+30 {
			at := key(f.alert, size)
			m.alarms[at] = append(m.alarms[at], fmt.Sprintf("day %d %02d:%02d", f.from/day, f.from%day/hour, f.from%hour))
		}
	}
	return err
}

// lead is how many minutes before an incident are evaluated like it.
const lead = 30

// incidents simulates each incident at three times of day, after one history.
func (m *measurement) incidents(size float64, seed uint64) error {
	w := newWorld(size, seed)
	evaluated := begins
	for _, at := range onsets {
		w.run(at)
		if _, err := evaluate(w.db, m.rules, evaluated, at-lead-refreshEvery, at-lead-refreshEvery, refreshEvery); err != nil {
			return err
		}
		evaluated = at - lead
		for _, i := range incidents {
			if err := m.incident(w.fork(), i, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// incident simulates one that begins at a time, and notes how soon each alert fires.
func (m *measurement) incident(w *world, i incident, at int) error {
	end, every := at+i.watched, 1
	if i.watched > day {
		every = refreshEvery
	}
	w.traffic.effects = effects{{i.kind, at, at + min(i.lasts, i.watched), i.value}}
	w.run(end)
	firings, err := evaluate(w.db, m.rules, at-lead, at-lead+2*refreshEvery, end, every)
	fired := map[string]int{}
	for _, f := range slices.Backward(firings) { // the first firing of each alert stays
		if f.active >= at {
			fired[f.severity+" "+f.alert] = f.from - at
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	name := key(i.name, w.traffic.size)
	m.runs[name] = append(m.runs[name], fired)
	return err
}

// print writes what was found as tables, and notes which goals were missed.
func (m *measurement) print(to io.Writer) {
	row := func(name string, cell func(i int) string) {
		fmt.Fprintf(to, "| %s | %s | %s | %s | %s |\n", name, cell(0), cell(1), cell(2), cell(3))
	}
	const head = " | 5 an hour | 20 | 200 | 5,000 |\n|---|---|---|---|---|"
	fmt.Fprintln(to, "| false alarms a year"+head)
	for _, r := range m.rules {
		if r.Alert != "" {
			row(r.Alert, func(i int) string {
				at := key(r.Alert, sizes[i])
				slices.Sort(m.alarms[at])
				year := float64(len(m.alarms[at])) * 13 / float64(max(1, m.months))
				if year > falseAlarms[r.Alert] {
					m.missed = append(m.missed, fmt.Sprintf("%s: %.0f false alarms a year, on %v", at, year, m.alarms[at]))
				}
				return fmt.Sprintf("%.0f", year)
			})
		}
	}
	fmt.Fprintln(to, "\n| incident"+head)
	for _, i := range incidents {
		row(i.name, func(at int) string { return m.told(i, sizes[at], i.goals[at]) })
	}
}

// told says how soon an incident is told, and by a page, and holds that against the goal.
func (m *measurement) told(i incident, size float64, goal string) string {
	runs := m.runs[key(i.name, size)]
	text, reached := summary(runs, i.told, goal)
	page, paged := summary(runs, "^critical", goal)
	if page != "–" {
		text += ", page " + page
	}
	if !reached || strings.HasSuffix(goal, "p") && !paged || strings.HasSuffix(goal, "n") && page != "–" {
		m.missed = append(m.missed, fmt.Sprintf("%s: %s, want %s", key(i.name, size), text, goal))
	}
	return text
}

// summary has the minutes to the first of the alerts that match, median / worst, and in how many runs one fired if not in all. It
// reports whether they are as good as a goal.
func summary(runs []map[string]int, match, goal string) (text string, reached bool) {
	expression := regexp.MustCompile(match)
	var first []int
	for _, fired := range runs {
		soonest := math.MaxInt
		for alert, after := range fired {
			if expression.MatchString(alert) {
				soonest = min(soonest, after)
			}
		}
		if soonest < math.MaxInt {
			first = append(first, soonest)
		}
	}
	var median, worst, fired int
	wanted, _ := fmt.Sscanf(goal, "%d/%d/%d", &median, &worst, &fired)
	n := len(first)
	if n == 0 {
		return "–", wanted == 0 || len(runs) == 0
	}
	slices.Sort(first)
	text = fmt.Sprintf("%d / %d", first[n/2], first[n-1])
	if n < len(runs) {
		text += fmt.Sprintf(" (%d)", n)
	}
	return text, wanted == 0 || first[n/2] <= median && first[n-1] <= worst && n*9 >= fired*len(runs)
}
