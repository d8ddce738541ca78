package board

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The flow counters, and the time over which the first row looks back: three refreshes of the default interval and more.
const (
	creations    = "face_liveness_session_creations_total"
	starts       = "face_liveness_session_starts_total"
	expirations  = "face_liveness_session_expirations_total"
	abandonments = "face_liveness_session_abandonments_total"
	recent       = "20m"
	enough       = 20 // sessions below which a share is chance
)

func sessions() *dashboard.DashboardBuilder {
	return page(sessionsUID, "Face liveness: sessions",
		"The liveness sessions of Azure AI Face resources: how many there are, how many are never started, and which devices they come from.",
		[]row{
			{title: "At a glance", panels: sessionsAtAGlance()},
			{title: "From creation to a pass", panels: funnel()},
			{title: "What happens, per minute", panels: sessionFlows()},
			{title: "Outcomes", collapsed: true, panels: outcomes()},
			{title: "Why checks fail", collapsed: true, panels: reasons()},
			{title: "How long checks take", collapsed: true, panels: checkDurations()},
			{title: "Sessions over time", collapsed: true, panels: population()},
			{title: "Time to start", collapsed: true, panels: timeToStart()},
			{title: "Time to live", collapsed: true, panels: timeToLive()},
			{title: "Devices", collapsed: true, panels: devices()},
		})
}

func sessionsAtAGlance() panels {
	return panels{
		firingAlerts(),
		failingLists(),
		oldestSnapshot(),
		figure("Never started", text{
			"Of the sessions that expired in the last 20 minutes, the share that nobody started, in the list where it is highest.",
			"A jump means that people get a session and do not reach the camera.",
			"Look at the latest release of the app, at camera permissions, and at the network between app and service.",
		}, ratio, "few expired", moreIsBad(0.3, 0.5),
			"max("+share(events(abandonments, recent), events(expirations, recent), enough)+")").Decimals(1),
		figure("Creations", text{
			"New sessions per minute over the last 20 minutes.",
			"Zero while users are active: the backend cannot create sessions.",
			"Check the backend's errors, and the key and quota of the resource.",
		}, perMin, "no data", always(neutral), total(perMinute(creations, recent))).Decimals(1),
		figure("Active", text{
			"Sessions whose TTL is running, finished ones included.",
			"Zero at a busy hour: nobody gets sessions. Far more than usual: a client creates sessions in a loop, or the TTL was raised.",
			"Look at the backend that creates sessions.",
		}, count, "no snapshot", always(neutral), total(gauge("face_liveness_sessions_active"))).Decimals(0),
		figure("Listed", text{
			"All sessions in the service's list, about two days of them.",
			"Every 1,000 cost one billed request per refresh. A sudden fall means that sessions are deleted or no longer created.",
			"For the cost see the dashboard 'API and exporter'.",
		}, count, "no snapshot", always(neutral), total(gauge("face_liveness_sessions"))).Decimals(0),
		figure("Coverage", text{
			"The smallest share of a list that was read. 100 % is a full count.",
			"Less: the request budget does not cover the whole list, and counts are estimates. Below 10 % they are rough.",
			"Raise the budget or the refresh interval.",
		}, ratio, "no snapshot", wholeIsGood(), "min("+coverage+")").Decimals(0),
		lists(),
	}
}

// lists is the table of all lists, with those that fail on top.
func lists() cog.Builder[dashboard.Panel] {
	details := &link{
		Title: "Errors of this resource",
		URL:   "/d/" + apiUID + "?${datasource:queryparam}&var-resource=${__data.fields.Resource}&${__url_time_range}",
	}
	return grid("Resources", text{
		"One line for each resource and operation. Those that fail are on top, with the error of their last refresh.",
		"'failing', or an old snapshot: the list cannot be read, and the numbers of that line are old.",
		"Select the error to see more, and look it up in docs/errors.md.",
	}, []column{
		{title: "Resource", label: "resource", width: 190},
		{title: "Operation", label: "operation", width: 190},
		{title: "State", expression: gauge("face_liveness_up"), mappings: upOrFailing(), steps: wanted()},
		{title: "Error", label: "error_code", width: 110, link: details},
		{title: "Failure", expression: refreshError(), hidden: true},
		{title: "Snapshot age", expression: snapshotAge(), unit: seconds, steps: moreIsBad(900, 3600), mappings: ageOrNever()},
		{title: "Never started, 1 h", expression: share(events(abandonments, "1h"), events(expirations, "1h"), enough), unit: ratio, decimals: value(1), steps: moreIsBad(0.3, 0.5)},
		{title: "Listed", expression: gauge("face_liveness_sessions")},
		{title: "Active", expression: gauge("face_liveness_sessions_active")},
		{title: "Coverage", expression: "min by (resource, operation) (" + coverage + ")", unit: ratio, steps: wholeIsGood()},
		{title: "Refresh interval", expression: gauge("face_liveness_refresh_interval_seconds"), unit: seconds},
	}, order{"State", false}, order{"Never started, 1 h", true}).Height(8)
}

func sessionFlows() panels {
	flow := func(title, counter, shows, bad, do string) cog.Builder[dashboard.Panel] {
		return chart(title, text{
			shows + " Dashed: the usual rate, from this hour yesterday or, on the first day, from the last 3 hours.",
			bad + " A gap: no refresh succeeded for 20 minutes, or the refresh interval is longer than that.",
			do,
		}, perMin,
			line(estimated(perMinute(counter, recent)), list+"{{basis}}"),
			comparison(usual(counter), list+" usual ({{basis}})"),
		).Span(12)
	}
	return panels{
		flow("Created", creations, "Sessions created per minute.",
			"Far below usual: the backend creates none. Far above: a retry loop or abuse.",
			"Check the backend's errors, key and quota, and the devices below."),
		flow("Started", starts, "Sessions that a client started per minute.",
			"Creations without starts: the app gets a session and does not reach the camera.",
			"Look at the latest release of the app, and at what keeps it from the service."),
		flow("Expired", expirations, "Sessions whose TTL ended per minute, used or not: what was created one TTL before.",
			"Not good or bad by itself.",
			"Compare it with creations one TTL earlier."),
		flow("Never started", abandonments, "Sessions that expired without a start, per minute.",
			"Well above usual while creations are as usual: people give up before the check.",
			"Look at the share below and at the app."),
		bounded(chart("Share never started", text{
			"Of the sessions that expired in the last hour, the share that nobody started; dashed: the same of all listed sessions, about two days. Fewer than 20 expired sessions are not drawn.",
			"The solid line clearly above the dashed one: something broke lately. Above 50 % most people do not get to the check.",
			"Look at the app. Where the application deletes sessions after it read the result, started ones leave the list, and this share is too high.",
		}, ratio,
			line(share(events(abandonments, "1h"), events(expirations, "1h"), enough), list+", last hour"),
			comparison(share(gauge("face_liveness_sessions_abandoned"), gauge("face_liveness_sessions_expired"), enough), list+", all listed"),
		).Height(9).Span(24).Decimals(1).Max(1), 0.3, 0.5),
	}
}

func population() panels {
	return panels{
		chart("Listed", text{
			"Sessions in the service's list, about two days of them.",
			"A fall to near zero: sessions are no longer created, or something deletes them. A gap: the snapshot became too old to be shown.",
			"For a gap see the dashboard 'API and exporter'.",
		}, count, line(estimated(gauge("face_liveness_sessions")), list+"{{basis}}")).Decimals(0),
		chart("Active", text{
			"Sessions whose TTL is running.",
			"A step up without more creations: the TTL was raised. Zero at a busy hour: no sessions are created.",
			"Look at the backend that creates sessions.",
		}, count, line(estimated(gauge("face_liveness_sessions_active")), list+"{{basis}}")).Decimals(0),
		few("By state, whole selection", text{
			"Active and expired sessions add up to the listed ones. A client began the started ones; the never started ones expired without.",
			"Never started grows faster than expired: people do not get to the check.",
			"Look at the share never started above.",
		}, count,
			line(totalEstimated(gauge("face_liveness_sessions_active")), "active{{basis}}"),
			line(totalEstimated(gauge("face_liveness_sessions_expired")), "expired{{basis}}"),
			line(totalEstimated(gauge("face_liveness_sessions_started")), "started{{basis}}"),
			line(totalEstimated(gauge("face_liveness_sessions_abandoned")), "never started{{basis}}"),
		).Decimals(0),
	}
}

func timeToStart() panels {
	return panels{
		bounded(chart("Time to start of nine of ten sessions", text{
			"Nine of ten listed sessions that were started took no longer from creation to start. It covers two days, so it moves slowly.",
			"Above a minute: people wait for the camera dialogue, a download or a slow network. Near the TTL: the TTL is too short for some.",
			"Measure the steps in the app between session and camera; raise the TTL if it ends too early.",
		}, seconds, line(nineOfTen("face_liveness_session_start_delay_seconds", "%s", "max", "resource, operation"), list)).Span(24), 60, 600),
	}
}

func timeToLive() panels {
	const estimate = " Where the orange marker runs, counts are estimates."
	return panels{
		heat("TTL of the listed sessions", text{
			"How long sessions may be used, as set at creation. A row is a class up to the bound at its left; the colour counts sessions." + estimate,
			"A second band that nobody planned: two versions of the backend with different settings. A very long TTL keeps tokens usable longer than needed.",
			"Set one TTL, no longer than people need.",
		}, seconds, buckets("face_liveness_session_ttl_seconds")),
		heat("Remaining TTL of the active sessions", text{
			"How much time the active sessions have left. Evenly filled up to the TTL is normal." + estimate,
			"Only the lowest rows filled: no new sessions are coming. Only the highest: many were just created at once.",
			"Look at 'Created'.",
		}, seconds, buckets("face_liveness_session_remaining_ttl_seconds")),
	}
}

func devices() panels {
	const (
		each  = "max by (resource, operation, device_correlation_id) (face_liveness_device_sessions" + selected + ")"
		top   = "topk(20, " + each + ")"
		first = "max by (resource, operation) (" + each + ")"
		ten   = "sum by (resource, operation) (topk by (resource, operation) (10, " + each + "))"
	)
	other := gauge("face_liveness_device_sessions_other")
	known := "(sum by (resource, operation) (" + each + ") + " + other + " or " + other + ")"
	return panels{
		chart("Distinct devices", text{
			"Different device ids among the listed sessions. Not drawn while coverage is below 100 %: a sample cannot tell it.",
			"Far fewer than usual with as many sessions: few devices make most of them. As many as sessions: the app makes up a new id each time.",
			"Look at the busiest devices below.",
		}, count, line(gauge("face_liveness_devices"), list)).Decimals(0),
		bounded(chart("Sessions without a device id", text{
			"Share of the listed sessions that have no device id.",
			"A jump: a version of the client stopped sending deviceCorrelationId.",
			"Have it set when the session is created.",
		}, ratio, line(share(gauge("face_liveness_sessions_without_device"), gauge("face_liveness_sessions"), enough), list)).Decimals(1).Max(1), 0.1, 0.5),
		chart("Concentration", text{
			"Of the sessions with a device id, the share of the busiest device and of the first ten. Dashed: devices that no series shows. With device labels switched off only the dashed line is there, at 100 %.",
			"One device above 2 % with over a hundred sessions: a test phone, a shared kiosk, or abuse. One device near 100 %: the app sends the same id for everybody.",
			"Find the device in the table.",
		}, ratio,
			line(share(first, known, enough), "first device, "+list),
			line(share(ten, known, enough), "first ten, "+list),
			comparison(share(other, known, enough), "devices not shown, "+list),
		).Decimals(1).Max(1),
		grid("Busiest devices", text{
			"The 20 devices with most listed sessions, and their share of the sessions of their resource and operation that have a device id. Device ids are personal data: treat them so. Empty where device labels are switched off; below 100 % coverage rare devices are left out.",
			"Over 100 sessions and above 2 %: a test device, a kiosk, or abuse.",
			"Find out which. Limit abuse where sessions are created.",
		}, []column{
			{title: "Resource", label: "resource", width: 150},
			{title: "Operation", label: "operation", width: 190},
			{title: "Device", label: "device_correlation_id"},
			{title: "Sessions", expression: top, width: 90, steps: []dashboard.Threshold{{Color: "text"}, {Value: value(100), Color: suspect}, {Value: value(1000), Color: bad}}},
			{title: "Share", expression: top + " / on (resource, operation) group_left () (" + known + " > 0)", unit: ratio, decimals: value(1), width: 90, steps: moreIsBad(0.02, 0.1)},
		}, order{"Sessions", true}).Height(11).Span(14),
		bars("Devices by number of sessions", text{
			"How many devices have how many listed sessions. A bar is a class up to its bound; '+Inf' is above 1,000. Not drawn while coverage is below 100 %.",
			"Most devices belong in the first two bars. From 50 on it is no ordinary user.",
			"Look it up in the table.",
		}, buckets("face_liveness_sessions_per_device")).
			OverrideByRegexp(`^(50|100|200|500|1000)(\.0)?$`, fixed(suspect)).OverrideByName("+Inf", fixed(bad)),
	}
}

func fixed(color string) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{{Id: "color", Value: map[string]string{"mode": "fixed", "fixedColor": color}}}
}
