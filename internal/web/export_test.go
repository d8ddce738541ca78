package web

import "time"

// TimeForRefreshes is how long a scrape with this header waits for refreshes.
func TimeForRefreshes(header string) time.Duration { return deadlineOf(header).forRefreshes() }
