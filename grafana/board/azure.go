package board

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// azureLimit is how many rules Azure takes in a group.
const azureLimit = 20

// ruleFile is a file of Prometheus's rules.
type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Record        string
	Alert         string
	Expr          string
	For           string
	KeepFiringFor string `yaml:"keep_firing_for"`
	Labels        map[string]string
	Annotations   map[string]string
}

// armTemplate is the part of a template of the Azure Resource Manager that rule groups need.
type armTemplate struct {
	Schema         string                  `json:"$schema"`
	ContentVersion string                  `json:"contentVersion"`
	Parameters     map[string]armParameter `json:"parameters"`
	Resources      []armRuleGroup          `json:"resources"`
}

type armParameter struct {
	Type     string            `json:"type"`
	Metadata map[string]string `json:"metadata"`
}

type armRuleGroup struct {
	Type       string `json:"type"`
	APIVersion string `json:"apiVersion"`
	Name       string `json:"name"`
	Location   string `json:"location"`
	Properties struct {
		Scopes      []string  `json:"scopes"`
		ClusterName string    `json:"clusterName"`
		Interval    string    `json:"interval"`
		Rules       []armRule `json:"rules"`
	} `json:"properties"`
}

type armRule struct {
	Record      string              `json:"record,omitempty"`
	Alert       string              `json:"alert,omitempty"`
	Expression  string              `json:"expression"`
	For         string              `json:"for,omitempty"`
	Severity    *int                `json:"severity,omitempty"` // 0, critical, to 4, verbose
	Labels      map[string]string   `json:"labels,omitempty"`
	Annotations map[string]string   `json:"annotations,omitempty"`
	Resolve     *armResolve         `json:"resolveConfiguration,omitempty"`
	Actions     []map[string]string `json:"actions,omitempty"`
}

// armResolve is the nearest that Azure has to keep_firing_for: how long a rule must be healthy, up to 15 minutes.
type armResolve struct {
	AutoResolved  bool   `json:"autoResolved"`
	TimeToResolve string `json:"timeToResolve"`
}

// azure writes the rules of some files as a template of rule groups for Azure Monitor's managed Prometheus.
func azure(files ...[]byte) ([]byte, error) {
	template := armTemplate{
		Schema:         "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
		ContentVersion: "1.0.0.0",
		Parameters: map[string]armParameter{
			"workspace":   {"string", map[string]string{"description": "Resource id of the Azure Monitor workspace."}},
			"cluster":     {"string", map[string]string{"description": "Name of the AKS cluster whose series the rules read."}},
			"actionGroup": {"string", map[string]string{"description": "Resource id of the action group that alerts call."}},
		},
	}
	for _, file := range files {
		var parsed ruleFile
		if err := yaml.Unmarshal(file, &parsed); err != nil {
			return nil, err
		}
		for _, group := range parsed.Groups {
			number := 0
			for rules := range slices.Chunk(group.Rules, azureLimit) {
				number++
				g := armRuleGroup{
					Type: "Microsoft.AlertsManagement/prometheusRuleGroups", APIVersion: "2023-03-01",
					Name: fmt.Sprintf("%s_%d", group.Name, number), Location: "[resourceGroup().location]",
				}
				g.Properties.Scopes = []string{"[parameters('workspace')]"}
				g.Properties.ClusterName = "[parameters('cluster')]"
				g.Properties.Interval = "PT1M"
				for _, r := range rules {
					g.Properties.Rules = append(g.Properties.Rules, r.arm())
				}
				template.Resources = append(template.Resources, g)
			}
		}
	}
	return encode(template)
}

func (r rule) arm() armRule {
	out := armRule{
		Record: r.Record, Alert: r.Alert, Expression: r.Expr, For: isoDuration(r.For), Labels: r.Labels, Annotations: r.Annotations,
	}
	if r.Alert != "" {
		severity := map[string]int{"critical": 0, "warning": 2, "info": 3}[r.Labels["severity"]]
		out.Severity = &severity
		out.Actions = []map[string]string{{"actionGroupId": "[parameters('actionGroup')]"}}
	}
	if r.KeepFiringFor != "" {
		out.Resolve = &armResolve{AutoResolved: true, TimeToResolve: isoDuration(r.KeepFiringFor)}
	}
	return out
}

// isoDuration writes 5m as PT5M. No duration stays none.
func isoDuration(text string) string {
	if text == "" {
		return ""
	}
	return "PT" + strings.ToUpper(text)
}
