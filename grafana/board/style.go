package board

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Units of Grafana. None of them shortens counts: 6,123 sessions are not "6 K".
const (
	count     = "locale"
	ratio     = "percentunit"
	seconds   = "s"
	byteSize  = "bytes"
	perMin    = "suffix:/min"
	noUnit    = "none"
	neutral   = "blue" // neither good nor bad
	good      = "green"
	suspect   = "orange"
	bad       = "red"
	neverRead = 1e9 // seconds: stands for the age of a snapshot that does not exist
)

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

func always(color string) []dashboard.Threshold { return []dashboard.Threshold{{Color: color}} }

// moreIsBad is green, orange from the first bound on and red from the second one on.
func moreIsBad(orangeFrom, redFrom float64) []dashboard.Threshold {
	return []dashboard.Threshold{{Color: good}, {Value: &orangeFrom, Color: suspect}, {Value: &redFrom, Color: bad}}
}

// wanted is red below 1 and green from there on.
func wanted() []dashboard.Threshold {
	return []dashboard.Threshold{{Color: bad}, {Value: value(1), Color: good}}
}

// wholeIsGood is red below a tenth, orange below the whole and green at the whole.
func wholeIsGood() []dashboard.Threshold {
	return []dashboard.Threshold{{Color: bad}, {Value: value(0.1), Color: suspect}, {Value: value(1), Color: good}}
}

func thresholds(steps []dashboard.Threshold) *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps)
}

func color(mode dashboard.FieldColorModeId) *dashboard.FieldColorBuilder {
	return dashboard.NewFieldColorBuilder().Mode(mode)
}

// byCode gives each HTTP status and error code the same colour in every chart, and green only to what is good.
func byCode(panel *timeseries.PanelBuilder) *timeseries.PanelBuilder {
	panel.ColorScheme(color(dashboard.FieldColorModeIdShades).FixedColor(bad))
	for _, of := range []struct{ codes, color string }{
		{"2..|none", good},
		{"401|PermissionDenied|authentication", "purple"},
		{"404|ResourceNotFound", "super-light-orange"},
		{"429", suspect},
		{"5..", "yellow"},
		{"error|connection|timeout|tls", neutral},
	} {
		panel.OverrideByRegexp("^("+of.codes+")$", fixed(of.color))
	}
	return panel
}

// named gives values a text and a colour.
func named(values map[string]dashboard.ValueMappingResult) dashboard.ValueMapping {
	return dashboard.ValueMapping{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: values}}
}

func shown(text, color string) dashboard.ValueMappingResult {
	return dashboard.ValueMappingResult{Text: &text, Color: &color}
}

func upOrFailing() []dashboard.ValueMapping {
	return []dashboard.ValueMapping{named(map[string]dashboard.ValueMappingResult{
		"0": shown("failing", bad), "1": shown("up", good),
	})}
}

// ageOrNever names the age of a snapshot that does not exist.
func ageOrNever() []dashboard.ValueMapping {
	from := float64(neverRead)
	return []dashboard.ValueMapping{{RangeMap: &dashboard.RangeMap{
		Type:    dashboard.MappingTypeRangeToText,
		Options: dashboard.DashboardRangeMapOptions{From: &from, Result: shown("never read", bad)},
	}}}
}
