// Command backtest measures the alerts. It simulates resources of several sizes, session by session, in healthy weeks and with
// incidents, evaluates the rules with Prometheus's own engine, prints the tables of docs/alerts.md, and fails if a goal is missed.
package main

import (
	"flag"
	"log"
	"os"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

func main() {
	files := flag.String("rules", "../rules.yaml,../alerts.yaml", "files of rules, in the order of their evaluation")
	seeds := flag.Int("seeds", 3, "simulations of each size with incidents, at three times of day each")
	months := flag.Int("months", 3, "simulations of each size without")
	flag.Parse()
	rules, err := read(strings.Split(*files, ",")...)
	if err != nil {
		log.Fatal(err)
	}
	m := &measurement{rules: rules, months: *months, alarms: map[string][]string{}, runs: map[string][]map[string]int{}}
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, size := range slices.Backward(sizes[:]) { // the longest first
		for seed := range *seeds {
			group.Go(func() error { return m.incidents(size, uint64(100+seed)) })
		}
		for seed := range *months {
			group.Go(func() error { return m.month(size, uint64(seed)) })
		}
	}
	if err := group.Wait(); err != nil {
		log.Fatal(err)
	}
	if m.print(os.Stdout); len(m.missed) > 0 {
		log.Fatalf("%d goals are missed:\n%s", len(m.missed), strings.Join(m.missed, "\n"))
	}
}
