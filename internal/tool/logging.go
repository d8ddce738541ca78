package tool

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
)

// newLogger makes the logger that the flags ask for. Tint is for people: on a terminal, in colours unless NO_COLOR is set.
// Everything else is for machines.
func newLogger(f *flags, process Process) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.logLevel)) // the flag takes only names of levels
	out, terminal := process.Stderr, isTerminal(process.Stderr)
	switch format := f.logFormat; {
	case format == "tint", format == "auto" && terminal:
		return slog.New(tint.NewTextHandler(out, &tint.Options{
			Level: level, TimeFormat: "15:04:05.000", NoColor: !terminal || process.getenv("NO_COLOR") != "",
		}))
	case format == "json":
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
}

func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && isatty.IsTerminal(file.Fd())
}
