package board

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// text is what a panel says about itself: what it shows, what a bad value means, what to do then.
type text struct{ shows, bad, do string }

func (t text) String() string {
	return strings.TrimSpace(strings.Join([]string{t.shows, t.bad, t.do}, " "))
}

// panelBuilder is what the builders of all kinds of panels have in common.
type panelBuilder[B any] interface {
	cog.Builder[dashboard.Panel]
	Title(string) B
	Description(string) B
	Datasource(common.DataSourceRef) B
	Unit(string) B
	WithTarget(cog.Builder[variants.Dataquery]) B
}

// begin is the part that all kinds of panels share.
func begin[B panelBuilder[B]](panel B, title string, about text, unit string, format prometheus.PromQueryFormat, queries []query) B {
	panel.Title(title).Description(about.String()).Datasource(source()).Unit(unit)
	for i, q := range queries {
		target := prometheus.NewDataqueryBuilder().
			Datasource(source()).EditorMode(prometheus.QueryEditorModeCode).
			RefId(letter(i)).Expr(q.expression).LegendFormat(q.legend).Format(format)
		if format == prometheus.PromQueryFormatTable {
			target.Instant()
		} else {
			target.Range()
		}
		panel.WithTarget(target)
	}
	return panel
}

func letter(i int) string { return string(rune('A' + i)) }

// figure is one big number of the top row, coloured by the steps. Where there is no data it shows the text `empty`.
func figure(title string, about text, unit, empty string, steps []dashboard.Threshold, expression string) *stat.PanelBuilder {
	return begin(stat.NewPanelBuilder(), title, about, unit, prometheus.PromQueryFormatTimeSeries, []query{line(expression, title)}).
		Height(5).Span(3).
		NoValue(empty).Thresholds(thresholds(steps)).ColorScheme(color(dashboard.FieldColorModeIdThresholds)).
		ColorMode(common.BigValueColorModeValue).GraphMode(common.BigValueGraphModeArea).
		TextMode(common.BigValueTextModeValue).JustifyMode(common.BigValueJustifyModeCenter).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false))
}

// chart draws lines over time. One line for each list can be very many, so there is no fill, and no legend that would show
// a part of them: the tooltip lists all. See few for charts that have a handful.
func chart(title string, about text, unit string, queries ...query) *timeseries.PanelBuilder {
	panel := begin(timeseries.NewPanelBuilder(), title, about, unit, prometheus.PromQueryFormatTimeSeries, queries).
		Height(8).Span(8).Min(0).
		Thresholds(thresholds(always(neutral))).ColorScheme(color(dashboard.FieldColorModeIdPaletteClassic)).
		LineWidth(2).FillOpacity(0).PointSize(4).ShowPoints(common.VisibilityModeAuto).
		SpanNulls(common.BoolOrFloat64{Bool: cog.ToPtr(false)}).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).Calcs([]string{})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	for i := range queries {
		if properties := drawing(queries, i); properties != nil {
			panel.OverrideByQuery(letter(i), properties)
		}
	}
	return panel
}

// few is a chart of a known handful of series, with a legend that shows every one of them.
func few(title string, about text, unit string, queries ...query) *timeseries.PanelBuilder {
	return chart(title, about, unit, queries...).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).Calcs([]string{"lastNotNull"}))
}

// bounded draws the bounds from which on the values of a chart are suspect and bad.
func bounded(panel *timeseries.PanelBuilder, suspectFrom, badFrom float64) *timeseries.PanelBuilder {
	return panel.Thresholds(thresholds(moreIsBad(suspectFrom, badFrom))).
		ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
}

// drawing is how a query is drawn where it is not a solid line.
func drawing(queries []query, i int) []dashboard.DynamicConfigValue {
	switch queries[i].style {
	case dashed:
		return []dashboard.DynamicConfigValue{
			{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{6, 6}}},
			{Id: "custom.lineWidth", Value: 1},
		}
	case edge:
		return []dashboard.DynamicConfigValue{
			{Id: "custom.lineWidth", Value: 0},
			{Id: "custom.showPoints", Value: common.VisibilityModeNever},
			{Id: "custom.hideFrom", Value: common.HideSeriesConfig{Legend: true}},
		}
	case band:
		return []dashboard.DynamicConfigValue{
			{Id: "custom.lineWidth", Value: 0},
			{Id: "custom.showPoints", Value: common.VisibilityModeNever},
			{Id: "custom.fillOpacity", Value: 20},
			{Id: "custom.fillBelowTo", Value: queries[i-1].legend},
			{Id: "custom.hideFrom", Value: common.HideSeriesConfig{Legend: true}},
		}
	default:
		return nil
	}
}

// heat is a histogram over time.
func heat(title string, about text, unit, expression string) *heatmap.PanelBuilder {
	return begin(heatmap.NewPanelBuilder(), title, about, unit, prometheus.PromQueryFormatHeatmap, []query{line(expression, "{{le}}")}).
		Height(9).Span(12).MaxDataPoints(120).
		Calculate(false).CellGap(1).CellValues(heatmap.NewCellValuesBuilder().Unit(count).Decimals(0)).
		Color(heatmap.NewHeatmapColorOptionsBuilder().Mode(heatmap.HeatmapColorModeScheme).Scheme("Blues").Fill("dark-orange").
			Scale(heatmap.HeatmapColorScaleExponential).Exponent(0.5).Steps(64).Reverse(false)).
		FilterValues(heatmap.NewFilterValueRangeBuilder().Le(1e-9)).
		ShowValue(common.VisibilityModeNever).ShowLegend().
		Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle).YHistogram(true).ShowColorScale(true)).
		YAxis(heatmap.NewYAxisConfigBuilder().AxisPlacement(common.AxisPlacementLeft).Unit(unit).Reverse(false))
}

// bars is a histogram as it is now.
func bars(title string, about text, expression string) *bargauge.PanelBuilder {
	panel := bargauge.NewPanelBuilder().WithTarget(prometheus.NewDataqueryBuilder().
		Datasource(source()).EditorMode(prometheus.QueryEditorModeCode).
		RefId("A").Expr(expression).LegendFormat("{{le}}").Format(prometheus.PromQueryFormatHeatmap).Instant())
	return begin(panel, title, about, count, prometheus.PromQueryFormatHeatmap, nil).
		Height(11).Span(10).Min(0).Decimals(0).NoValue("none").
		ColorScheme(color(dashboard.FieldColorModeIdFixed).FixedColor("blue")).
		DisplayMode(common.BarGaugeDisplayModeBasic).ValueMode(common.BarGaugeValueModeColor).
		NamePlacement(common.BarGaugeNamePlacementLeft).Orientation(common.VizOrientationHorizontal).ShowUnfilled(true).
		Sizing(common.BarGaugeSizingAuto).MinVizHeight(14).MinVizWidth(8).MaxVizHeight(300).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(false).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).Calcs([]string{})).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}).Values(false))
}

// states shows over time whether each list could be read.
func states(title string, about text, q query) *statetimeline.PanelBuilder {
	return begin(statetimeline.NewPanelBuilder(), title, about, "none", prometheus.PromQueryFormatTimeSeries, []query{q}).
		Height(9).Span(24).
		Mappings(upOrFailing()).Thresholds(thresholds(wanted())).ColorScheme(color(dashboard.FieldColorModeIdThresholds)).
		PerPage(20).LineWidth(0).FillOpacity(70).RowHeight(0.8).MergeValues(true).ShowValue(common.VisibilityModeNever).
		AlignValue(common.TimelineValueAlignmentLeft).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).
			DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).Calcs([]string{})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone))
}
