package config

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

const day = 24 * time.Hour

// maxDuration leaves room for sums and multiples of any configured time.
const maxDuration = 10 * 365 * day

// prometheusDuration has each unit at most once, from the longest to the shortest, as Prometheus wants it.
var prometheusDuration = regexp.MustCompile(`^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$`)

var errNoDuration = errors.New("not a duration")

// parseDuration accepts what Go writes (1.5h, 90s) and what Prometheus writes (1d12h, 2w). A day has 24 hours, a year
// 365 days.
func parseDuration(s string) (time.Duration, error) {
	if value, err := time.ParseDuration(s); err == nil {
		return value, nil
	}
	parts := prometheusDuration.FindStringSubmatch(s)
	if s == "" || parts == nil {
		return 0, errNoDuration
	}
	units := []time.Duration{365 * day, 7 * day, day, time.Hour, time.Minute, time.Second, time.Millisecond}
	var sum time.Duration
	for i, unit := range units {
		if parts[i+1] == "" {
			continue
		}
		count, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil || count > int64((1<<63-1-sum)/unit) {
			return 0, errNoDuration
		}
		sum += time.Duration(count) * unit
	}
	return sum, nil
}
