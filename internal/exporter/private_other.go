//go:build !linux

package exporter

import (
	"errors"
	"os"
)

// privateFile gives a text a path, which only this user can read.
func privateFile(text string) (path string, remove func(), err error) {
	file, err := os.CreateTemp("", "face_liveness_exporter")
	if err != nil {
		return "", nil, err
	}
	_, err = file.WriteString(text)
	return file.Name(), func() { _ = os.Remove(file.Name()) }, errors.Join(err, file.Close())
}
