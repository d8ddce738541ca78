package statuspage

import (
	"time"

	"face_liveness_exporter/collector"
)

// Page is everything that the status page shows. Text in it may be anything: it is escaped.
type Page struct {
	// Now is when the page was asked for and Started when the exporter was.
	Now, Started time.Time
	// LastScrape is when the metrics of all resources or of one were last asked for; zero if they never were.
	LastScrape time.Time
	// ReloadRefused is when the configuration was last refused at a reload; zero if the last reload succeeded.
	ReloadRefused time.Time
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
	collector.State
	// Host is where the list is asked for.
	Host string
	// Requests were sent since the start, and Billed is how many of them the service said it bills.
	Requests, Billed float64
	// Price is that of 1,000 requests.
	Price float64
	// Budget is in requests in 30 days; 0 means no bound.
	Budget float64
}
