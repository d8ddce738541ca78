package board

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	requestsTotal  = "face_liveness_api_requests_total"
	errorsTotal    = "face_liveness_api_errors_total"
	retriesTotal   = "face_liveness_api_retries_total"
	throttledTotal = "face_liveness_api_throttle_wait_seconds_total"
	billedTotal    = "face_liveness_api_billed_transactions_total"
	refreshesTotal = "face_liveness_refreshes_total"
	failuresTotal  = "face_liveness_refresh_failures_total"
	budget         = `sum by (resource) (face_liveness_api_monthly_request_budget{resource=~"$resource"})`
	exporters      = " and on (job, instance) face_liveness_exporter_build_info"

	background = common.BigValueColorModeBackground
	noGraph    = common.BigValueGraphModeNone
)

func api() *dashboard.DashboardBuilder {
	return page(apiUID, "Face liveness: API and exporter",
		"What the exporter does: API errors, refreshes, what the monitoring itself costs, and how the process is.",
		[]row{
			{title: "At a glance", panels: apiAtAGlance()},
			{title: "Requests to the Face API", panels: apiRequests()},
			{title: "Refreshes", collapsed: true, panels: refreshes()},
			{title: "Cost", collapsed: true, panels: cost()},
			{title: "The exporter itself", collapsed: true, panels: process()},
		})
}

// month projects what a counter grew by in 6 hours to 30 days, for each resource. It goes by the time that the refreshes
// covered; where no refresh succeeded, by the clock.
func month(counter string) string {
	grown := fmt.Sprintf("increase(%s%s[6h])", counter, selected)
	rate := fmt.Sprintf("rate(%s%s[6h])", counter, selected)
	if counter == requestsTotal {
		grown, rate = "sum without (code) ("+grown+")", "sum without (code) ("+rate+")"
	}
	return fmt.Sprintf("2592000 * sum by (resource) (%s / (increase(face_liveness_flow_window_seconds_total%s[6h]) > 0) or %s)", grown, selected, rate)
}

func apiAtAGlance() panels {
	sum := func(counter, window string) string {
		return fmt.Sprintf("sum(increase(%s%s[%s]))", counter, selected, window)
	}
	return panels{
		firingAlerts(),
		failingLists(),
		figure("Failed refreshes", text{
			"Refreshes of the last hour that failed.",
			"One or two are made good by the next refresh. More: the list cannot be read.",
			"The error code below says whether it is the key (401), the network rules (403), the API version (404), the rate limit (429) or the connection.",
		}, count, "no data", moreIsBad(1, 4), sum(failuresTotal, "1h")).Decimals(0),
		figure("Failed requests", text{
			"Share of the requests of the last 20 minutes that brought no answer to use, retries included.",
			"Retries hide single failures, so a few percent only cost time. Above 5 % refreshes are at risk.",
			"Look at the codes below.",
		}, ratio, "no requests", moreIsBad(0.01, 0.05), fmt.Sprintf(
			`sum(increase(%s{resource=~"$resource", operation=~"$operation", error_code!~"authentication|pagination"}[20m])) / (%s > 0)`,
			errorsTotal, sum(requestsTotal, recent))).Decimals(1),
		oldestSnapshot(),
		figure("Wait per request", text{
			"How long a request of the last 20 minutes waited before it was sent, on average.",
			"Seconds on a long list: the configured rate limit. Half a minute: the service throttles.",
			"See '429 and retries'.",
		}, seconds, "no requests", moreIsBad(5, 30), fmt.Sprintf("%s / (%s > 0)", sum(throttledTotal, recent), sum(requestsTotal, recent))),
		figure("Billed in 30 days", text{
			"Billed requests in 30 days, at the pace of the last 6 hours. 1,000 cost about one US dollar at the entry price; your contract decides.",
			"The free tier ends at 30,000 a month.",
			"Raise the refresh interval, or set a monthly request budget.",
		}, count, "no requests", moreIsBad(30_000, 1_000_000), total(month(billedTotal))).Decimals(0),
		figure("Budget used", text{
			"Requests in 30 days, at the pace of the last 6 hours, as a share of the configured budget; the resource nearest to its budget counts.",
			"Up to 100 % the budget holds, by longer intervals and estimates. Above: it was lowered lately, or the process restarts often.",
			"Each replica has the whole budget: divide it by their number.",
		}, ratio, "no requests", moreIsBad(0.9, 1.05),
			fmt.Sprintf("max(%s / on (resource) (%s > 0)) or -max(%s == bool 0)", month(requestsTotal), budget, budget)).Decimals(0).
			Mappings([]dashboard.ValueMapping{named(map[string]dashboard.ValueMappingResult{"-1": shown("no budget", neutral)})}).
			ColorMode(background).GraphMode(noGraph),
	}
}

func apiRequests() panels {
	return panels{
		byCode(few("Requests per minute, by HTTP status", text{
			"Every request of the selection, retries included; 'error' had no answer.",
			"Anything but 200 in numbers. Nothing at all: nobody scrapes, or the exporter waits after a failure.",
			"401 and 403: check key, role and network rules. 429: the rate limit. 5xx: the service's status page.",
		}, perMin, line(fmt.Sprintf("60 * sum by (code) (rate(%s%s[20m]))", requestsTotal, selected), "{{code}}")).Span(12).Decimals(1)),
		byCode(few("Errors of the last 20 minutes, by code", text{
			"What went wrong, by the service's code or, where it sent none, by kind: timeout, connection, tls, redirect, invalid_response, pagination, authentication.",
			"A line that stays above zero. The line 'none' means that there are no errors.",
			"docs/errors.md says what each code means and what to do.",
		}, count, line(requests(errorsTotal, recent, "error_code")+" > 0 or on () "+
			label(fmt.Sprintf("0 * sum(increase(%s%s[20m]))", errorsTotal, selected), "error_code", "none"), "{{error_code}}")).Span(12).Decimals(0)),
		bounded(chart("Latency of nine of ten requests", text{
			"Nine of ten requests of 20 minutes took no longer, from sending to the last byte of the answer, without the wait before.",
			"Far above its usual level: fuller pages or a slow service. Near 10 s requests reach the time limit.",
			"Check the network path and the region's health, or lower the page size.",
		}, seconds, line(latency(), "{{resource}}")), 2.5, 10),
		chart("Wait before a request", text{
			"How long a request waited, on average over 20 minutes, for the rate limit or because the service asked to.",
			"It grows with the pages of a list at a low rate limit. A jump without more pages: the service throttles.",
			"Lower the exporter's rate, or ask for a higher limit.",
		}, seconds, line(fmt.Sprintf("%s / (%s > 0)", requests(throttledTotal, recent, "resource"), requests(requestsTotal, recent, "resource")), "{{resource}}")),
		chart("429 and retries, last 20 minutes", text{
			"Answers 'too many requests'. Dashed: requests that were sent again, for any reason.",
			"Steady 429: the exporter takes from the limit that production needs. Retries without 429: an unreliable connection, or a service in trouble.",
			"Lower api.max_requests_per_second.",
		}, count,
			line(fmt.Sprintf(`sum by (resource) (increase(%s{resource=~"$resource", operation=~"$operation", error_code="429"}[20m]))`, errorsTotal), "429 {{resource}}"),
			comparison(requests(retriesTotal, recent, "resource"), "retries {{resource}}"),
		).Decimals(0),
	}
}

// latency reads the one histogram that has native buckets, too: a Prometheus that stores native histograms may keep these alone.
func latency() string {
	const metric = "face_liveness_api_request_duration_seconds"
	return nineOfTen(metric, "rate(%s[20m])", "sum", "resource") +
		fmt.Sprintf(" or histogram_quantile(0.9, sum by (resource) (rate(%s%s[20m])))", metric, selected)
}

func refreshes() panels {
	return panels{
		states("State over time", text{
			"Whether each list could be read at the last refresh.",
			"A short red piece is one failure that the next refresh made good. Red for longer: the errors above say why. Gaps: the exporter was not scraped.",
			"Look the error up in docs/errors.md.",
		}, line(gauge("face_liveness_up"), list)),
		chart("Snapshot age", text{
			"Time since the last successful refresh began.",
			"A saw between zero and the refresh interval is right. A ramp: refreshes fail or nobody scrapes. After refresh.max_stale, an hour unless configured, the population disappears.",
			"See the errors above.",
		}, seconds, line("time() - "+gauge("face_liveness_snapshot_timestamp_seconds"), list)),
		chart("Refresh duration", text{
			"How long the last refresh took, waits included.",
			"Longer than the scrape timeout is allowed: scrapes then get the snapshot before. Near the refresh interval it is too long.",
			"Raise the rate limit or the interval, or set a budget.",
		}, seconds, line(gauge("face_liveness_refresh_duration_seconds"), list)),
		chart("Refresh interval in force", text{
			"As configured, or longer where the request budget needs it.",
			"Longer than configured: the budget is too small for that pace. Above 20 minutes the charts of what happens per minute get gaps.",
			"Raise the budget.",
		}, seconds, line(gauge("face_liveness_refresh_interval_seconds"), list)).LineInterpolation(common.LineInterpolationStepAfter),
		chart("Pages per refresh", text{
			"Pages of the last successful refresh, 1,000 sessions each unless configured. Each is a billed request.",
			"More pages without more sessions: the service sends short pages. Near api.max_pages refreshes will fail.",
			"Raise api.max_pages.",
		}, count, line(gauge("face_liveness_snapshot_pages"), list)).Decimals(0),
		chart("Coverage", text{
			"Share of each list that was read.",
			"Below 100 % counts are estimates, because the budget does not cover all pages. Falling: the list outgrows the budget.",
			"Raise the budget or the interval.",
		}, ratio, line("min by (resource, operation) ("+coverage+")", list)).Decimals(0).Max(1),
		chart("Refreshes of the last hour", text{
			"Refreshes that ended within the hour. Dashed: those that failed.",
			"12 for each replica are right at an interval of 5 minutes. Fewer: scrapes are rarer, or the exporter waits after failures. As many failed as ended: nothing works.",
			"See the errors above.",
		}, count,
			line(requests(refreshesTotal, "1h", "resource, operation"), list),
			comparison(requests(failuresTotal, "1h", "resource, operation"), "failed "+list),
		).Decimals(0),
	}
}

func cost() panels {
	return panels{
		chart("Billed requests, last 24 hours", text{
			"Requests that the service charged for within 24 hours; on the first day, since the start.",
			"288 a day is one page every 5 minutes; 1,000 a day is the whole free tier. A step up: more pages, more replicas, or a shorter interval.",
			"Raise the refresh interval, or set a budget.",
		}, count, line(requests(billedTotal, "1d", "resource"), "{{resource}}")).Decimals(0),
		chart("30 days at this pace, and the budget", text{
			"Billed and sent requests in 30 days at the pace of the last 6 hours. Dashed: the budget of all replicas; 0 is no budget. The budget bounds what is sent. For money multiply billed requests with your price.",
			"Sent above the dashed line: the budget will not last, and counts become estimates.",
			"Raise the interval or the budget.",
		}, count,
			line(month(billedTotal), "billed {{resource}}"),
			line(month(requestsTotal), "sent {{resource}}"),
			comparison(budget, "budget {{resource}}"),
		).Decimals(0),
		chart("Billed requests per refresh", text{
			"What one refresh costs, over 6 hours: its pages and, now and then, one more to find the end of the list.",
			"More than the pages: retries, or refreshes that began again.",
			"See the errors above.",
		}, count, line(share(requests(billedTotal, "6h", "resource, operation"), requests(refreshesTotal, "6h", "resource, operation"), 0), list)).Decimals(1),
	}
}

func process() panels {
	const instances = "max by (instance, version, revision, goversion) "
	const build = " * on (job, instance) group_left (version, revision, goversion) face_liveness_exporter_build_info"
	small := func(title string, about text, unit, expression, legend string) cog.Builder[dashboard.Panel] {
		return chart(title, about, unit, line(expression, legend)).Span(6)
	}
	return panels{
		small("CPU", text{
			"CPU time over 5 minutes, as a share of one core. It peaks with refreshes and scrapes.",
			"Steadily near 100 %: many scrapers at once, or very many devices.",
			"Lower devices.top, or scrape less often.",
		}, ratio, "rate(process_cpu_seconds_total[5m])"+exporters, "{{instance}}"),
		small("Memory", text{
			"Resident memory. It grows with the number of distinct devices, not with the sessions.",
			"A ramp that does not end with the number of devices is a leak.",
			"Save a heap profile (--web.enable-pprof) and report it.",
		}, byteSize, "process_resident_memory_bytes"+exporters, "{{instance}}"),
		small("Goroutines", text{
			"Concurrent tasks in the process. Some tens are normal, with peaks at scrapes.",
			"A ramp is a leak.",
			"Save a goroutine profile (--web.enable-pprof) and report it.",
		}, count, "go_goroutines"+exporters, "{{instance}}"),
		small("Scrapes per minute, by HTTP status", text{
			"Answers to scrapers over 5 minutes.",
			"503: more scrapes at once than --web.max-requests. 500: the answer could not be made, which is a bug.",
			"For 500 see the exporter's log and report it.",
		}, perMin, "60 * sum by (instance, code) (rate(promhttp_metric_handler_requests_total[5m])"+exporters+")", "{{code}} {{instance}}"),
		grid("Exporters", text{
			"The running exporters, their version, and whether the last reload of the configuration succeeded.",
			"'refused': the configuration before is still in force. Different versions: a roll-out stopped half-way.",
			"--config.check names every mistake.",
		}, []column{
			{title: "Instance", label: "instance", width: 190},
			{title: "Version", label: "version"},
			{title: "Revision", label: "revision"},
			{title: "Go", label: "goversion"},
			{title: "Present", expression: instances + "(face_liveness_exporter_build_info)", hidden: true},
			{
				title: "Configuration", expression: instances + "(face_liveness_exporter_config_last_reload_successful" + build + ")", steps: wanted(),
				mappings: []dashboard.ValueMapping{named(map[string]dashboard.ValueMappingResult{"0": shown("refused", bad), "1": shown("loaded", good)})},
			},
			{title: "Loaded for", expression: "time() - " + instances + "(face_liveness_exporter_config_last_reload_success_timestamp_seconds" + build + ")", unit: seconds},
		}, order{"Instance", false}).Span(24),
		grid("Lists", text{
			"Whether each list could be read at the last refresh and, if not, the error code.",
			"'failing': the numbers of that list are old.",
			"Look the code up in docs/errors.md.",
		}, []column{
			{title: "Resource", label: "resource", width: 190},
			{title: "Operation", label: "operation"},
			{title: "State", expression: gauge("face_liveness_up"), mappings: upOrFailing(), steps: wanted(), width: 90},
			{title: "Error", label: "error_code", width: 190},
			{title: "Failure", expression: refreshError(), hidden: true},
		}, order{"State", false}).Span(12),
		grid("Resources", text{
			"What is watched, and by which version of the API.",
			"A version or an endpoint that you did not expect, a resource that is missing, or one name with two endpoints.",
			"Correct the configuration, or check that the exporter is scraped.",
		}, []column{
			{title: "Resource", label: "resource", width: 190},
			{title: "Endpoint", label: "service_endpoint"},
			{title: "API version", label: "api_version", width: 130},
			{title: "Present", expression: `max by (resource, service_endpoint, api_version) (face_liveness_resource_info{resource=~"$resource"})`, hidden: true},
		}, order{"Resource", false}).Span(12),
	}
}
