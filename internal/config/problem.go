package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing to fix. It repeats no value of the configuration.
type Problem struct {
	// File is the configuration file; empty if there is none.
	File string
	// Path leads to the field: resources[0].api.page_size. It is a variable's name if the environment is the source, and
	// empty for the document as a whole.
	Path string
	// Line counts from 1; 0 if there is none.
	Line int
	// Message says what is wrong and what to do.
	Message string
	// Warning marks a problem with which the configuration is accepted.
	Warning bool
}

// String returns the problem in one line: config.yaml: resources[0].api.page_size (line 12): must be …
func (p Problem) String() string {
	var kind string
	if p.Warning {
		kind = "warning"
	}
	where := p.Path
	switch {
	case p.Line > 0 && p.Path != "":
		where = fmt.Sprintf("%s (line %d)", p.Path, p.Line)
	case p.Line > 0:
		where = fmt.Sprintf("line %d", p.Line)
	}
	parts := []string{p.File, kind, where, p.Message}
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), ": ")
}

// Problems is a list in the order of lines. As an error it holds no warnings and is not empty.
type Problems []Problem

// Error returns one line for each problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// maxProblems bounds a report.
const maxProblems = 100

// result is what the callers of this package get. An empty Problems must not become an error that is not nil.
func (c *checker) result(cfg *Config) (*Config, Problems, error) {
	if len(c.errors) > 0 {
		return nil, c.warnings.report(), c.errors.report()
	}
	return cfg, c.warnings.report(), nil
}

// report returns the problems in the order of lines, and of a very long list only the beginning.
func (ps Problems) report() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	if len(ps) <= maxProblems {
		return ps
	}
	more := Problem{File: ps[0].File, Message: "and more", Warning: ps[0].Warning}
	return append(ps[:maxProblems:maxProblems], more)
}
