//go:build unix

package faceclient

import (
	"os/exec"
	"syscall"
)

// endTogether has a command that takes too long end with all that it has started: az is a script, and the program that it
// waits for would stay.
func endTogether(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
