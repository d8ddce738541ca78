package config

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "<secret>"

// Secret is a text that prints as <secret>, whatever the verb or the encoding; only Reveal returns it. An empty
// Secret prints the same.
//
// Three things of the standard library do not ask the type, so do without them: a Secret in an unexported field of a
// struct that is printed, as the key of a map that becomes JSON, and as the operand of %w (vet refuses that one).
type Secret string

// Reveal returns the text itself.
func (s Secret) Reveal() string { return string(s) }

// String implements fmt.Stringer.
func (s Secret) String() string { return hidden }

// Format implements fmt.Formatter, which fmt prefers to all else, so that no verb and no flag finds the text.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, hidden) }

// MarshalText implements encoding.TextMarshaler, which JSON, XML and YAML obey.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }
