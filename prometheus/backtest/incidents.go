package main

// incident is something that goes wrong.
type incident struct {
	name    string
	told    string // by alerts like this, a regular expression
	watched int    // minutes
	kind    kind
	value   float64
	lasts   int // minutes
	// For each size the goal in minutes: median/worst of the runs, and how many of nine runs fire if not all do. "-" is none. A p wants a
	// page as well, an n none.
	goals [4]string
}

// The resources that are simulated, by their sessions an hour.
var sizes = [...]float64{5, 20, 200, 5000}

const (
	sessions = "Abandonment|NeverStarted|Expiry"
	anything = sessions + "|Device|Creations|Share"
	requests = "Credentials|RefreshFailing|Stale|APIErrors|Throttled"
)

var incidents = []incident{
	{"never started 10 → 60 %", sessions, 12 * hour, never, 0.6, day * 9, [...]string{"285/431/9", "75/385/9p", "25/166/9p", "28/28/9p"}},
	{"never started 10 → 20 %", sessions, 24 * hour, never, 0.2, day * 9, [...]string{"1405/1615/4", "821/1431/9", "175/1065/9", "40/215/9"}},
	{"never started 10 → 30 % in 3 days", sessions, 96 * hour, drift, 0.3, day * 9, [...]string{"5040/5230/8", "2160/4310/9", "1440/2260/9", "1152/1660/9"}},
	{"no creations", "Creations", 12 * hour, rate, 0, day * 9, [...]string{"475/509/6n", "425/445/9n", "35/195/9n", "40/40/9n"}},
	{"TTL 600 → 60 s", sessions, 12 * hour, shortTTL, 1, day * 9, [...]string{"60/281/9", "21/201/9", "12/30/9", "15/23/9"}},
	{"one device, 300 sessions in 10 min", "Device", 24 * hour, hammer, 30, 10, [...]string{"6/6/9n", "6/6/9n", "15/15/9n", "-"}},
	{"spoofs 1 → 8 %", "Spoof", 12 * hour, spoofs, 0.08, day * 9, [...]string{"-n", "765/820/4n", "115/390/9n", "80/100/9n"}},
	{"no result 3 → 20 %", "NoResult", 12 * hour, noResults, 0.2, day * 9, [...]string{"450/790/5n", "180/480/4n", "37/270/9n", "34/44/9n"}},
	{"key revoked", "Credentials", 2 * hour, revoked, 1, day * 9, [...]string{"6/6/9n", "6/6/9n", "6/6/9n", "7/7/9n"}},
	{"30 % of requests throttled", "Throttled", 3 * hour, throttled, 0.3, day * 9, [...]string{"44/152/8n", "30/52/9n", "6/20/9n", "6/6/9n"}},
	{"creations × 5, nobody starts", anything, 12 * hour, loop, 5, day * 9, [...]string{"55/315/9p", "30/196/9p", "21/40/9p", "24/24/9p"}},
	{"service unreachable for 20 min", "RefreshFailing", 2 * hour, unreachable, 1, 20, [...]string{"6/6/9n", "6/6/9n", "10/10/9n", "15/15/9n"}},
	{"the application deletes 70 %", anything, 72 * hour, deletes, 0.7, day * 9, [...]string{"-n", "-n", "-n", "-n"}},
	{"the application deletes all", anything, 72 * hour, deletes, 1, day * 9, [...]string{"-n", "-n", "-n", "-n"}},
}

// falseAlarms are how many a year are allowed for each alert on a resource. Others may not fire at all in healthy weeks.
var falseAlarms = map[string]float64{
	"FaceLivenessAbandonmentHigh": 26, "FaceLivenessNoCreations": 9,
	"FaceLivenessNoResultShareHigh": 5, "FaceLivenessPassShareLow": 5, "FaceLivenessSpoofShareHigh": 5,
}

// onsets are when an incident begins: before noon, in the evening, at night.
var onsets = []int{10*day + 10*hour + 30, 10*day + 19*hour + 30, 11*day + 3*hour}

// healthy is what happens in four weeks of normal life, which begin after a week of history.
var healthy = effects{
	{restarts, 10*day + 14*hour, 10*day + 14*hour + 1, 1},
	{rate, 16*day + 10*hour, 16*day + 11*hour, 2}, // a launch on a Wednesday
	{rate, 16*day + 11*hour, 16*day + 20*hour, 3},
	{restarts, 16*day + 15*hour, 16*day + 15*hour + 1, 1},
	{rate, 16*day + 20*hour, 17 * day, 2},
	{rate, 17 * day, 18 * day, 1.5},
	{rate, 18 * day, 19 * day, 1.2},
	{rate, 20*day + 22*hour, 21*day + 6*hour, 0.05}, // a night with nearly nobody
	{rate, 24 * day, 25 * day, 0.25},                // a public holiday
	{restarts, 26*day + 2*hour, 26*day + 2*hour + 1, 1},
	{outage, outageAt, outageAt + 30, 1},
	{rate, outageAt + 30, outageAt + 60, 1.4},
}

const (
	monthBegins = 9 * day
	monthEnds   = 37 * day
	outageAt    = 29*day + 11*hour
)
