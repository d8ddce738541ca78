package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing to put right. It repeats no value of the configuration.
type Problem struct {
	// File is the configuration file; empty where there is none.
	File string
	// Path leads to the field: resources[0].api.page_size. It is the variable's name where the environment is the
	// source, and empty where the problem is the document's as a whole.
	Path string
	// Line counts from 1; 0 where there is none.
	Line int
	// Message says what is wrong and what to do.
	Message string
	// Warning marks a problem with which the configuration is accepted.
	Warning bool
}

// String returns the problem in one line: config.yaml: resources[0].api.page_size (line 12): must be …
func (p Problem) String() string {
	var where string
	switch {
	case p.Path != "" && p.Line > 0:
		where = fmt.Sprintf("%s (line %d): ", p.Path, p.Line)
	case p.Path != "":
		where = p.Path + ": "
	case p.Line > 0:
		where = fmt.Sprintf("line %d: ", p.Line)
	}
	var file, kind string
	if p.File != "" {
		file = p.File + ": "
	}
	if p.Warning {
		kind = "warning: "
	}
	return file + kind + where + p.Message
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

// Split takes warnings and errors apart; each may be nil.
func (ps Problems) Split() (warnings, errs Problems) {
	for _, p := range ps {
		if p.Warning {
			warnings = append(warnings, p)
		} else {
			errs = append(errs, p)
		}
	}
	return warnings, errs
}

// maxProblems bounds a report.
const maxProblems = 100

// bounded returns the first problems, and how many more there are.
func (ps Problems) bounded() Problems {
	if len(ps) <= maxProblems {
		return ps
	}
	more := Problem{Message: fmt.Sprintf("and %d more", len(ps)-maxProblems), Warning: ps[0].Warning}
	return append(ps[:maxProblems:maxProblems], more)
}

// in says of every problem which file it is in.
func (ps Problems) in(file string) Problems {
	for i := range ps {
		ps[i].File = file
	}
	return ps
}

// result turns everything that was found into what the callers of this package get. An empty Problems must not become
// an error that is not nil.
func (ps Problems) result(cfg *Config) (*Config, Problems, error) {
	slices.SortStableFunc(ps, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	warnings, errs := ps.Split()
	if len(errs) > 0 {
		return nil, warnings.bounded(), errs.bounded()
	}
	return cfg, warnings.bounded(), nil
}
