package tool

import (
	"fmt"
	"io"
	"strings"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/explain"
)

// check reports on a configuration without a request: problems on stderr, what it asks for on stdout.
func check(source configSource, simulated bool, process Process) error {
	cfg, warnings, err := source.load()
	for _, warning := range warnings {
		fmt.Fprintln(process.Stderr, warning)
	}
	if err != nil {
		return err
	}
	for _, r := range cfg.Resources {
		warnings := unfitSettings(r, cfg.Refresh)
		if !simulated {
			warnings = append(costWarnings(r, cfg.Refresh), warnings...)
		}
		for _, warning := range warnings {
			fmt.Fprintf(process.Stderr, "warning: resource %q: %s\n", r.Name, warning)
		}
	}
	var report strings.Builder
	fmt.Fprintf(&report, "configuration is valid: %d resource(s)\n", len(cfg.Resources))
	for _, r := range cfg.Resources {
		fmt.Fprintf(&report, "  %s: %s with %s\n", r.Name, operationList(r.Operations), credentialInWords(r))
		fmt.Fprintf(&report, "    %s\n", leastCostOf(r, costRefresh(cfg.Refresh, simulated).Interval))
	}
	if note := source.note(cfg); note != "" {
		fmt.Fprintln(&report, note)
	}
	if !simulated {
		fmt.Fprintln(&report, explain.UnlistedSessions)
	}
	_, err = io.WriteString(process.Stdout, report.String())
	return err
}

func operationList(operations []faceclient.Operation) string {
	texts := make([]string, len(operations))
	for i, operation := range operations {
		texts[i] = string(operation)
	}
	return strings.Join(texts, ", ")
}

// credentialInWords names a resource's kind of credential, and nothing of the secret.
func credentialInWords(r config.Resource) string {
	switch {
	case r.Entra != nil:
		return "Entra ID, credential " + string(r.Entra.Credential)
	case r.KeyFile != "":
		return "a key file"
	}
	return "a key"
}
