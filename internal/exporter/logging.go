package exporter

import (
	"io"
	"log/slog"
	"os"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
)

// newLogger makes the logger that the flags ask for. It writes to out, which leads to stderr. Tint is for people: on a
// terminal, in colours unless NO_COLOR is set. Everything else is for machines.
func newLogger(f *flags, out, stderr io.Writer, getenv func(string) string) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(f.logLevel)) // the flag takes only names of levels
	file, isFile := stderr.(*os.File)
	terminal := isFile && isatty.IsTerminal(file.Fd())
	switch format := f.logFormat; {
	case format == "tint", format == "auto" && terminal:
		return slog.New(tint.NewTextHandler(out, &tint.Options{
			Level: level, TimeFormat: "15:04:05.000", NoColor: !terminal || getenv("NO_COLOR") != "",
		}))
	case format == "json":
		return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: level}))
}
