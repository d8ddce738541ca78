package collector

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"face_liveness_exporter/faceclient"
)

// panicError is a panic that was recovered. It wraps a *faceclient.Error.
type panicError struct {
	reason string
	stack  []byte
}

// newPanicError is called by the function that recovered the value. A value that is not the runtime's own can hold
// anything, so only its type is kept.
func newPanicError(value any) *panicError {
	reason := fmt.Sprintf("%T", value)
	if err, is := value.(runtime.Error); is {
		reason = err.Error()
	}
	return &panicError{reason: reason, stack: debug.Stack()}
}

func (e *panicError) Error() string { return "this program has a bug: it panicked" }

// Unwrap says how the failure is counted.
func (e *panicError) Unwrap() error { return &faceclient.Error{Code: faceclient.CodePanic} }
