package exporter

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// privateFile gives a text a path. The file is in memory, so that it also works where no file system may be written.
func privateFile(text string) (path string, remove func(), err error) {
	fd, err := unix.MemfdCreate("web.config", unix.MFD_CLOEXEC)
	if err != nil {
		return "", nil, err
	}
	path = fmt.Sprintf("/proc/self/fd/%d", fd)
	file := os.NewFile(uintptr(fd), path)
	_, err = file.WriteString(text)
	return path, func() { _ = file.Close() }, err
}
