package tool

import (
	"fmt"
	"io"
	"strings"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/internal/config"
	"face_liveness_exporter/internal/explain"
	"face_liveness_exporter/internal/words"
)

// check reports on a configuration without a request: problems on stderr, what it asks for on stdout.
func check(o origin, simulated bool, process Process) error {
	cfg, warnings, err := o.read()
	for _, warning := range warnings {
		fmt.Fprintln(process.Stderr, warning)
	}
	if err != nil {
		return err
	}
	refresh := cfg.Refresh
	if simulated {
		refresh.Interval = demoCostInterval()
	}
	report := fmt.Sprintf("configuration is valid: %d resource(s)\n", len(cfg.Resources))
	for _, r := range cfg.Resources {
		doubts := unfitSettings(r, refresh)
		if !simulated {
			doubts = append(costWarnings(r, refresh), doubts...)
		}
		for _, doubt := range doubts {
			fmt.Fprintf(process.Stderr, "warning: resource %q: %s\n", r.Name, doubt)
		}
		lists, lookUps, interval := minimumCost(r, refresh.Interval)
		bound := "at least"
		if interval > refresh.Interval { // the budget stretches it
			bound = "up to"
		}
		report += fmt.Sprintf("  %s: %s with %s\n    %s %s requests in 30 days", r.Name, operationList(r.Operations), credentialInWords(r), bound, words.Count(lists))
		if lookUps > 0 {
			report += ", and up to " + words.Count(lookUps) + " for outcomes"
		}
		report += "\n"
	}
	if o.note != "" {
		report += o.note + "\n"
	}
	if !simulated {
		report += explain.UnlistedSessions + "\n"
	}
	_, err = io.WriteString(process.Stdout, report)
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
