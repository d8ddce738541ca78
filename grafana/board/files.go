// Package board holds the two dashboards as code, and writes the files that are generated from one source.
//
// A panel stands in the file of its dashboard, as a few lines: its title, what it shows, what a bad value means and what
// to do, and its queries. What panels have in common is in panel.go, what queries have in common in query.go. The package
// must not know the exporter's code: it uses only the metrics' names.
package board

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// helm is where the Helm chart keeps its copies. Helm packs real files only.
const helm = "deploy/helm/face-liveness-exporter/files"

// Files are the generated files by their path below root, the root of the repository. It reads the template of the
// recording rules and the alerts there.
func Files(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, d := range []cog.Builder[dashboard.Dashboard]{sessions(), api()} {
		built, err := d.Build()
		if err != nil {
			return nil, err
		}
		inPlainSight(&built)
		content, err := encode(built)
		if err != nil {
			return nil, fmt.Errorf("encode the dashboard %s: %w", *built.Uid, err)
		}
		name := *built.Uid + ".json"
		files[path.Join("grafana/dashboards", name)] = content
		files[path.Join(helm, "dashboards", name)] = content
	}

	rules, err := rules(filepath.Join(root, "prometheus", "rules.yaml.tmpl"))
	if err != nil {
		return nil, err
	}
	files["prometheus/rules.yaml"] = rules
	files[path.Join(helm, "rules.yaml")] = rules

	alerts, err := os.ReadFile(filepath.Join(root, "prometheus", "alerts.yaml"))
	if err != nil {
		return nil, err
	}
	files[path.Join(helm, "alerts.yaml")] = alerts

	template, err := azure(rules, alerts)
	if err != nil {
		return nil, err
	}
	files["prometheus/azure/rules.json"] = template
	return files, nil
}

// inPlainSight undoes a default of the builder, which hides links and markers in a menu.
func inPlainSight(d *dashboard.Dashboard) {
	for i := range d.Links {
		d.Links[i].Placement = nil
	}
	for i := range d.Annotations.List {
		d.Annotations.List[i].Placement = nil
	}
}

func encode(value any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return buffer.Bytes(), err
}
