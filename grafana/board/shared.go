package board

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// What follows is on both dashboards.

func firingAlerts() cog.Builder[dashboard.Panel] {
	return figure("Firing alerts", text{
		"Alerts that fire for the selected resources, and those of the exporter itself. Information alerts are not counted.",
		"Above 0: something needs a person. The red markers in the charts say which alert and since when.",
		"docs/runbook.md says what each alert means and what to do.",
	}, noUnit, "no data", moreIsBad(1, 1), either(
		`count(ALERTS{alertname=~"FaceLiveness.*", alertstate="firing", severity!="info", resource=~"$resource|"})`,
		"vector(0)",
	)).ColorMode(background).GraphMode(noGraph)
}

func failingLists() cog.Builder[dashboard.Panel] {
	return figure("Lists failing", text{
		"How many of the selected lists, one for each resource and operation, could not be read at the last refresh.",
		"Above 0: the numbers of those lists are old. 'no exporter': nothing is scraped.",
		"See which and why in the table, or in the errors of 'API and exporter'.",
	}, noUnit, "no exporter", moreIsBad(1, 1), "count("+gauge("face_liveness_up")+" == 0) or 0 * count("+gauge("face_liveness_up")+")").
		ColorMode(background).GraphMode(noGraph)
}

func oldestSnapshot() cog.Builder[dashboard.Panel] {
	return figure("Oldest snapshot", text{
		"Age of the oldest snapshot in the selection; 'never read' where a list has none. Up to the refresh interval (5 minutes unless configured) and one scrape is normal, or more where a request budget makes the interval longer.",
		"Above 15 minutes: refreshes fail or nobody scrapes. Above an hour: the population is usually no longer shown.",
		"See the table for the list, and the errors of 'API and exporter' for the reason.",
	}, seconds, "no exporter", moreIsBad(900, 3600), "max("+snapshotAge()+")").
		GraphMode(noGraph).Mappings(ageOrNever()) // an age rises and falls with every refresh, so its graph says nothing
}

// snapshotAge is the age of each list's newest snapshot, or neverRead where there is none.
func snapshotAge() string {
	return fmt.Sprintf("clamp_min(time() - %s, 0) or on (resource, operation) %.0f + 0 * %s",
		gauge("face_liveness_snapshot_timestamp_seconds"), float64(neverRead), gauge("face_liveness_up"))
}

// refreshError is why the last refresh of each list failed, in the label `error_code`, or "-".
func refreshError() string {
	return "topk by (resource, operation) (1, max by (resource, operation, error_code) (face_liveness_refresh_error" + selected + "))" +
		" or on (resource, operation) " + label("0 * "+gauge("face_liveness_up"), "error_code", "-")
}
