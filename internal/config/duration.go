package config

import (
	"time"

	"github.com/prometheus/common/model"
)

const day = 24 * time.Hour

// maxDuration leaves room for sums and multiples of any configured time.
const maxDuration = 10 * 365 * day

// parseDuration accepts what Go writes (1.5h, 90s) and what Prometheus writes (1d12h, 2w). A day has 24 hours, a year
// 365 days.
func parseDuration(s string) (time.Duration, error) {
	if value, err := time.ParseDuration(s); err == nil {
		return value, nil
	}
	value, err := model.ParseDuration(s)
	return time.Duration(value), err
}
