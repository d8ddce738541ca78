package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"runtime"
	"strings"
)

const (
	// maxSecretBytes bounds a file with a key, a client secret or an HMAC key.
	maxSecretBytes = 64 << 10
	// maxPEMBytes bounds a file with certificates or their key. The certificates of all public authorities are 250 kB.
	maxPEMBytes = 4 << 20
)

// ErrEmpty says that a file with a secret is empty.
var ErrEmpty = errors.New("is empty")

// ReadSecretFile reads a subscription key or a client secret. One line break at the end of the file is left out; white
// space at either end, control characters, anything that is not ASCII and an empty file are errors. No error repeats
// the path or the content; errors.Is with fs.ErrNotExist and fs.ErrPermission holds if they are the reason.
func ReadSecretFile(path string) (Secret, error) {
	content, err := readSecret(path)
	switch {
	case err != nil:
		return "", err
	case content == "":
		return "", fmt.Errorf("the file %w: write the secret into it", ErrEmpty)
	}
	if wrong := key.wrong(scalar(content)); wrong != "" {
		return "", errors.New("the content of the file " + wrong)
	}
	return Secret(content), nil
}

// readSecret returns the file's content without one line break at its end.
func readSecret(path string) (string, error) {
	content, err := read(path, maxSecretBytes)
	return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"), err
}

// readPEM reads a file with certificates or their key.
func readPEM(path string) (Secret, error) {
	content, err := read(path, maxPEMBytes)
	return Secret(content), err
}

// read leaves the path out of its errors: it is a key if somebody took key_file for key.
func read(path string, limit int64) (content []byte, err error) {
	file, err := os.Open(path)
	if err == nil {
		defer file.Close()
		content, err = io.ReadAll(io.LimitReader(file, limit+1))
	}
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("the file cannot be read: %w", pathErr.Err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("the file is larger than %d KiB: is it the right one?", limit>>10)
	}
	return content, err
}

// secretLike is a part of a path that can be a key or a client secret. The names of files have their digits at the end.
var secretLike = regexp.MustCompile(`[^/\\]*[0-9][A-Za-z~][^/\\]{20,}`)

// shown is a path for a message. What can be a secret is left out: somebody may have taken key_file for key.
func shown(path string) string { return secretLike.ReplaceAllString(path, "…") }

// file reports on a file that is read later, by the error of reading it now. One that is not there, or not for this user, is a
// warning: a configuration is often checked on another machine than the one with the secrets. Users other than the owner who may
// write a file could make the exporter use a credential of theirs. The mode is that of a symbolic link's target, as for the links
// of a Kubernetes secret. On Windows the permission bits only reflect the read-only attribute.
func (c *checker) file(path, file string, err error) {
	switch info, statErr := os.Stat(file); {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission):
		c.warn(path, "%s: %v; it must be there when the exporter runs", shown(file), err)
	case err != nil:
		c.refuse(path, "%s: %v", shown(file), err)
	case statErr == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0:
		c.warn(path, "%s: may be written by others: chmod go-w", shown(file))
	}
}
