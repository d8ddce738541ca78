package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// document returns the one value that data holds, as nodes that know their lines.
func document(data []byte) (*yaml.Node, *Problem) {
	if len(data) > maxFileBytes {
		return nil, &Problem{Message: "the file is larger than 4 MiB: is it the right one?"}
	}
	if isUTF16(data) {
		return nil, &Problem{Line: 1, Message: "the file is UTF-16: save it as UTF-8"}
	}
	if problem := notText(data); problem != nil {
		return nil, problem
	}
	if separators(data) > maxSeparators {
		return nil, &Problem{Message: fmt.Sprintf("the file has more than %d lines and separators: is it the right one?", maxSeparators)}
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, syntaxProblem(err)
	}
	var first, second yaml.Node
	err = loader.Load(&first)
	if errors.Is(err, io.EOF) {
		return nil, emptyDocument()
	}
	if err != nil {
		return nil, syntaxProblem(err)
	}
	if len(first.Content) == 0 || isNull(first.Content[0]) {
		return nil, emptyDocument()
	}
	switch err := loader.Load(&second); {
	case err == nil:
		return nil, &Problem{Line: second.Line, Message: "a second YAML document begins here: keep everything in one, without a --- between"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxProblem(err)
	}
	return first.Content[0], nil
}

// maxSeparators bounds what the library makes of a document: it needs some 400 bytes for each value.
const maxSeparators = 200_000

// separators counts what can stand between two values of a document.
func separators(data []byte) int {
	count := 0
	for i, c := range data {
		switch c {
		case '\n', ',', '[', '{', '&', '*', '!', '%':
			count++
		case ':', '-', '?':
			if i+1 < len(data) && (data[i+1] == ' ' || data[i+1] == '\t') {
				count++
			}
		}
	}
	return count
}

func emptyDocument() *Problem {
	return &Problem{Message: "the file is empty: it needs at least one entry under resources; config.example.yaml shows them all"}
}

// notText finds what the library reports without a line.
func notText(data []byte) *Problem {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			return &Problem{Line: line, Message: "not UTF-8 text: save the file as UTF-8"}
		case r == '\n':
			line++
		case unicode.IsControl(r) && r != '\t' && r != '\r':
			return &Problem{Line: line, Message: "a control character: remove it, and save the file as UTF-8"}
		}
		data = data[size:]
	}
	return nil
}

// syntaxProblem tells where the YAML breaks off. The library's own text may quote the document, which may be a key
// there, so it chooses between texts of ours and is never passed on.
func syntaxProblem(err error) *Problem {
	problem := &Problem{Message: "not valid YAML"}
	var broken *yaml.LoadError
	if !errors.As(err, &broken) {
		return problem
	}
	problem.Line = broken.Mark.Line
	// A quote or bracket that stays open is noticed at the end of the file; where it was opened helps more.
	opened := func() { problem.Line = cmp.Or(broken.ContextMark.Line, problem.Line) }
	switch broken.Message {
	case "mapping values are not allowed in this context":
		problem.Message += ": a second colon in a value, or an indentation that does not fit: put the value in quotes, or align the line with its neighbours"
	case "found character that cannot start any token":
		problem.Message += ": a tab in the indentation, or a value that begins with @, % or a backquote: indent by spaces, put the value in quotes"
	case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
		problem.Message += ": a [ or { that is not closed, or a comma that is missing"
		opened()
	case "found unexpected end of stream":
		problem.Message += ": a quote that is not closed"
		opened()
	case "found unknown escape character":
		problem.Message += ": a backslash in double quotes: use single quotes"
	case "did not find expected key", "could not find expected ':'", "did not find expected '-' indicator":
		problem.Message += ": an indentation that does not fit, or a colon that is missing"
	}
	return problem
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}
