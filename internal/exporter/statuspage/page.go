package statuspage

import "time"

// Page is everything that the status page shows. Text in it may be anything: it is escaped.
type Page struct {
	// Now is when the page was asked for and Started when the exporter was.
	Now, Started time.Time
	// Version of the program; may be empty.
	Version string
	// Simulated pages are of a demo.
	Simulated bool
	// Links lead to what else the exporter serves.
	Links []Link
	// Lists are in the order of the configuration.
	Lists []List
}

// Link leads to another page of the exporter.
type Link struct{ Path, Text string }

// List is one operation of one resource.
type List struct {
	Resource, Operation string
	// Host is where the list is asked for.
	Host string

	// Snapshot is the last complete one, nil before the first, and Shown whether it is young enough for the metrics.
	Snapshot *Snapshot
	Shown    bool

	// Up is whether the last finished refresh succeeded; false before the first.
	Up bool
	// Refreshing is whether a refresh is under way.
	Refreshing bool
	// Refreshes have finished; FailuresInRow since the last success.
	Refreshes     uint64
	FailuresInRow int
	// LastEnded is when the last finished refresh ended and LastDuration how long it took.
	LastEnded    time.Time
	LastDuration time.Duration
	// RetryAt is when the wait after a failure ends; zero where there is none.
	RetryAt time.Time
	// Failure is why the last finished refresh failed, nil where it did not.
	Failure *Failure
	// Interval is how old a snapshot may be before a scrape renews it, as in force.
	Interval time.Duration
	// Overspent is whether the last walk took more requests than its budget had.
	Overspent bool

	// Requests were sent since the start, Billed is how many of them the service said it bills.
	Requests, Billed float64
	// Price is of 1,000 requests.
	Price float64
	// Budget is in requests in 30 days; 0 is no bound.
	Budget int64
}

// Failure is an error in the exporter's own words.
type Failure struct {
	// Code is the error_code of the metrics.
	Code string
	// Status is the HTTP status, 0 where no answer came.
	Status int
	// Meaning is what happened, and Remedy what to do about it; each may be empty.
	Meaning, Remedy string
	// Detail names the reason where the code leaves it open; may be empty.
	Detail string
	// Before says what the attempt before failed with, where one was given up while it waited; may be empty.
	Before string
}

// Snapshot is what a complete walk found. Counts are of the whole list: estimates where Coverage is below 1.
type Snapshot struct {
	Ended time.Time
	// Took is how long the walk did.
	Took time.Duration
	// Pages is how many answers the walk took.
	Pages int
	// Coverage is the share of the list that was walked, above 0; 1 is all of it.
	Coverage float64

	Sessions, Expired, Started, Abandoned float64
	// TTL has the sessions by TTL, in ascending order; the last bound may be infinite.
	TTL []Bucket

	// Devices is how many distinct ones the walk saw and TopDevices those with most sessions.
	Devices    float64
	TopDevices []Device
	// OtherDeviceSessions belong to devices that are not among TopDevices, WithoutDevice to none.
	OtherDeviceSessions, WithoutDevice float64
}

// Bucket is how many sessions have a TTL above the bound before and up to this one.
type Bucket struct {
	UpTo  float64 // seconds
	Count float64
}

// Device is one that may be shown, under the name that it has in the metrics.
type Device struct {
	Name     string
	Sessions float64
}

// estimated tells whether the counts are those of a part of the list, scaled up.
func (s *Snapshot) estimated() bool { return s.Coverage < 1 }

// cost is what so many requests cost.
func (l *List) cost(requests float64) float64 { return requests * l.Price / 1000 }

// paid is the number of requests that cost something so far: those that the service bills, or all where lists came in
// and it said of none.
func (l *List) paid() float64 {
	if l.Billed == 0 && l.Snapshot != nil {
		return l.Requests
	}
	return l.Billed
}

// projected is how many requests go out in 30 days where every interval has a walk like the last one.
func (l *List) projected() float64 {
	const month = 30 * 24 * time.Hour
	if l.Snapshot == nil || l.Interval <= 0 {
		return 0
	}
	return float64(l.Snapshot.Pages) * month.Seconds() / l.Interval.Seconds()
}
