package board

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/table"
)

// column is a column of a table: a label of the queries' series, or the value of a query of its own.
type column struct {
	title      string
	label      string // or
	expression string

	unit     string
	decimals *float64
	width    int // in pixels; the columns without one share the rest
	steps    []dashboard.Threshold
	mappings []dashboard.ValueMapping
	link     *link
	hidden   bool
}

// link is where a cell leads to.
type link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// order sorts a table by a column.
type order struct {
	title      string
	descending bool
}

// grid is a table of what is now. The queries are merged by the labels that they share.
func grid(title string, about text, columns []column, orders ...order) *table.PanelBuilder {
	var queries []query
	rename, position, hide := map[string]string{}, map[string]int{}, map[string]bool{"Time": true}
	for i, c := range columns {
		field := c.label
		if c.expression != "" {
			field = "Value #" + letter(len(queries))
			queries = append(queries, line(c.expression, ""))
		}
		position[field], rename[field] = i, c.title
		if c.hidden {
			hide[field] = true
		}
	}
	if len(queries) == 1 {
		// A table of one query calls its value so, without a letter.
		rename["Value"], position["Value"], hide["Value"] = rename["Value #A"], position["Value #A"], hide["Value #A"]
	}
	panel := begin(table.NewPanelBuilder(), title, about, count, prometheus.PromQueryFormatTable, queries).
		Height(7).Span(24).NoValue("-").Decimals(0).
		Thresholds(thresholds(always(good))).ColorScheme(color(dashboard.FieldColorModeIdThresholds)).
		MinWidth(60).Filterable(false).CellHeight(common.TableCellHeightSm).ShowHeader(true).
		WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
			"excludeByName": hide, "includeByName": map[string]bool{}, "indexByName": position, "renameByName": rename,
		}})
	var sorting []cog.Builder[common.TableSortByFieldState]
	for _, o := range orders {
		sorting = append(sorting, common.NewTableSortByFieldStateBuilder().DisplayName(o.title).Desc(o.descending))
	}
	panel.SortBy(sorting)
	for _, c := range columns {
		if properties := c.properties(); len(properties) > 0 {
			panel.OverrideByName(c.title, properties)
		}
	}
	return panel
}

func (c column) properties() (properties []dashboard.DynamicConfigValue) {
	set := func(id string, value any) {
		properties = append(properties, dashboard.DynamicConfigValue{Id: id, Value: value})
	}
	if c.unit != "" {
		set("unit", c.unit)
	}
	if c.decimals != nil {
		set("decimals", *c.decimals)
	}
	if c.width > 0 {
		set("custom.width", c.width)
	}
	if c.mappings != nil {
		set("mappings", c.mappings)
	}
	if c.steps != nil {
		set("thresholds", dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: c.steps})
	}
	if c.steps != nil || c.mappings != nil {
		set("custom.cellOptions", map[string]string{"type": "color-text"})
	}
	if c.link != nil {
		set("links", []link{*c.link})
	}
	return properties
}

func value(f float64) *float64 { return &f }
