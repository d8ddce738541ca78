package doctor

import (
	"fmt"
	"io"
	"strings"
)

// Print writes lines below a title. With colour the verdicts stand out on a terminal.
func Print(w io.Writer, title string, lines []Line, colour bool) error {
	colours := map[Verdict]string{OK: "32", Note: "33", Problem: "31"}
	var text strings.Builder
	fmt.Fprintln(&text, title)
	for _, line := range lines {
		verdict := fmt.Sprintf("%-8s", line.Verdict)
		if colour {
			verdict = "\x1b[" + colours[line.Verdict] + "m" + verdict + "\x1b[0m"
		}
		fmt.Fprintf(&text, "  %s %s: %s\n", verdict, line.Subject, line.Text)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
