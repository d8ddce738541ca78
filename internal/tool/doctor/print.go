package doctor

import (
	"fmt"
	"io"
)

// Print writes the sections of lists. With colour the verdicts stand out on a terminal.
func Print(w io.Writer, title string, lines []Line, colour bool) error {
	if _, err := fmt.Fprintf(w, "%s\n", title); err != nil {
		return err
	}
	for _, line := range lines {
		name, code := line.Verdict.style()
		word := fmt.Sprintf("%-8s", name)
		if colour {
			word = "\x1b[" + code + "m" + word + "\x1b[0m"
		}
		if _, err := fmt.Fprintf(w, "  %s %s: %s\n", word, line.Subject, line.Text); err != nil {
			return err
		}
	}
	return nil
}

// style is a verdict's word and its colour.
func (v Verdict) style() (word, colour string) {
	switch v {
	case OK:
		return "ok", "32"
	case Note:
		return "note", "33"
	case Problem:
	}
	return "problem", "31"
}
