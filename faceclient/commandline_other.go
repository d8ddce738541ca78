//go:build !unix

package faceclient

import "os/exec"

// endTogether does nothing here: there are no groups of processes.
func endTogether(*exec.Cmd) {}
