package board

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	sessionsUID = "face-liveness-sessions"
	apiUID      = "face-liveness-api"
)

type panels []cog.Builder[dashboard.Panel]

// row is a row of panels. What is needed at first sight is open; the others are collapsed and ask nothing of Prometheus
// until they are opened.
type row struct {
	title     string
	collapsed bool
	panels    panels
}

// page puts rows together with what both dashboards have: variables, annotations, links.
func page(uid, title, description string, rows []row) *dashboard.DashboardBuilder {
	other, otherTitle := apiUID, "Face liveness: API and exporter"
	if uid == apiUID {
		other, otherTitle = sessionsUID, "Face liveness: sessions"
	}
	d := dashboard.NewDashboardBuilder(title).
		Uid(uid).Description(description).Tags([]string{"face-liveness"}).
		Time("now-6h", "now").Refresh("1m").Timezone("browser").Tooltip(dashboard.DashboardCursorSyncCrosshair).Editable().
		Preload(false).Version(1).
		Link(dashboard.NewDashboardLinkBuilder(otherTitle).Type(dashboard.DashboardLinkTypeLink).Icon("dashboard").
			Tooltip("The other dashboard, for the same time and resources").Url("/d/" + other).IncludeVars(true).KeepTime(true)).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").
			Description("The Prometheus that scrapes the exporter").Type("prometheus")).
		WithVariable(choice("resource", "Resource", "Azure AI Face resources, as named in the exporter's configuration",
			"label_values(face_liveness_up, resource)")).
		WithVariable(choice("operation", "Operation", "Liveness alone or with face verification",
			`label_values(face_liveness_up{resource=~"$resource"}, operation)`)).
		Annotation(dashboard.NewAnnotationQueryBuilder().Name("Annotations & Alerts").BuiltIn(1).Type("dashboard").
			Datasource(common.DataSourceRef{Type: cog.ToPtr("grafana"), Uid: cog.ToPtr("-- Grafana --")}).
			Enable(true).Hide(true).IconColor("rgba(0, 211, 255, 1)")).
		Annotation(mark("Alerts", "red", `ALERTS{alertname=~"FaceLiveness.*", alertstate="firing", resource=~"$resource|"}`,
			"{{alertname}}", "{{resource}} {{operation}}").TagKeys("severity")).
		Annotation(mark("Estimates", "orange", "min by (resource, operation) ("+coverage+") < 1",
			"Estimate", "{{resource}} {{operation}}: only a part of the list was read, the counts are estimates")).
		// Half an hour is wide enough for Grafana to find the mark in two days, and narrow enough not to cover the charts.
		Annotation(mark("Models", "purple", "sum by (model_version) ("+modelSamplesTotal+selected+") > 0 unless on (model_version) max_over_time("+modelSamplesTotal+selected+"[1d] offset 30m) > 0",
			"Model {{model_version}}", "seen for the first time in a day"))
	id := uint32(0)
	for _, r := range rows {
		id++
		line := dashboard.NewRowBuilder(r.title).Id(id).Collapsed(r.collapsed)
		var inside panels
		for _, p := range r.panels {
			id++
			inside = append(inside, numbered{p, id})
		}
		if r.collapsed {
			for _, p := range inside {
				line.WithPanel(p)
			}
		}
		d.WithRow(line)
		if !r.collapsed {
			for _, p := range inside {
				d.WithPanel(p)
			}
		}
	}
	return d
}

// numbered is a panel with its number in the dashboard.
type numbered struct {
	cog.Builder[dashboard.Panel]
	id uint32
}

func (n numbered) Build() (dashboard.Panel, error) {
	panel, err := n.Builder.Build()
	panel.Id = &n.id
	return panel, err
}

// choice is a variable with the values of a label, of which several or all can be taken.
func choice(name, label, description, values string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).Label(label).Description(description).
		Datasource(source()).Definition(values).
		Query(dashboard.StringOrMap{Map: map[string]any{
			"qryType": 1, "query": values, "refId": "PrometheusVariableQueryEditor-VariableQuery",
		}}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).
		Multi(true).IncludeAll(true).AllValue(".*").
		Current(dashboard.VariableOption{
			Selected: cog.ToPtr(true),
			Text:     dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value:    dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		})
}

// mark draws a vertical line wherever the expression has data.
func mark(name, color, expression, title, text string) *dashboard.AnnotationQueryBuilder {
	return dashboard.NewAnnotationQueryBuilder().Name(name).Datasource(source()).Enable(true).IconColor(color).
		Expr(expression).Step("60s").TitleFormat(title).TextFormat(text).UseValueForTime(false)
}
