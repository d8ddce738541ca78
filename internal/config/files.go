package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// maxSecretBytes is what a file with a key, a client secret or an HMAC key may have.
const maxSecretBytes = 64 << 10

// ReadSecretFile reads a subscription key or a client secret. One line break at the end of the file is left out; white
// space at either end, control characters, anything that is not ASCII and an empty file are errors. No error repeats
// the path or the content; errors.Is with fs.ErrNotExist and fs.ErrPermission holds where they are the reason.
func ReadSecretFile(path string) (Secret, error) {
	content, err := readSecret(path)
	if err != nil {
		return "", err
	}
	if err := usableKey(content); err != nil {
		return "", fmt.Errorf("the content of the file %w", err)
	}
	return Secret(content), nil
}

// readSecret returns the file's content without one line break at its end.
func readSecret(path string) (string, error) {
	if err := regularFile(path); err != nil {
		return "", err
	}
	file, err := os.Open(path)
	if err != nil {
		return "", withoutPath(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecretBytes+1))
	if err != nil {
		return "", withoutPath(err)
	}
	if len(content) > maxSecretBytes {
		return "", errors.New("the file is larger than 64 KiB: is it the right one?")
	}
	text := strings.TrimSuffix(string(content), "\n")
	return strings.TrimSuffix(text, "\r"), nil
}

// regularFile asks before anything is opened, because opening a pipe waits for its writer.
func regularFile(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return errors.New("the path does not lead to a regular file")
	}
	return nil
}

// writableByOthers is the problem of a file that othersMayWrite.
const writableByOthers = "may be written by others: chmod go-w"

// othersMayWrite tells whether more users than the owner may change the file: they could make the
// exporter ask with a credential of theirs, or give every device another label. The mode is that of what a symbolic link leads
// to, as with the links of a Kubernetes secret; whether others may read the file is not asked, because there they may.
//
// On Windows the permission bits are made up of the read-only attribute alone and say nothing about other users.
func othersMayWrite(path string) bool {
	if runtime.GOOS == "windows" {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o022 != 0
}

// withoutPath keeps the reason and drops the path, which is a key where somebody took key_file for key.
func withoutPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}

// fileState turns what was found about a file that is read later into a problem. A file that is not there, or not for
// this user, is a warning: a configuration is often checked on another machine than the one with the secrets.
func (d *decoder) fileState(at place, err error) {
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		d.warn(at, "%v; it must be there when the exporter runs (a relative path starts at the configuration file's folder)", err)
	default:
		d.refuse(at, "%v", err)
	}
}

// secretFile looks at a file with a key or a client secret, which is read again whenever it is needed.
func (d *decoder) secretFile(at place, path string) {
	_, err := ReadSecretFile(path)
	d.fileState(at, err)
	if err == nil && othersMayWrite(path) {
		d.warn(at, writableByOthers)
	}
}

// hashKey reads the HMAC key, which unlike the other files must be there already at a check: hashing with an empty key
// would be no pseudonym at all.
func (d *decoder) hashKey(at place, into *Devices) {
	here := d.field(at, "hash_key_file")
	switch {
	case d.refused[join(at.path, "label")] || d.refused[here.path]:
		return
	case into.Label != DeviceLabelHash:
		if d.has(at, "hash_key_file") {
			d.warn(here, "has no effect: it is used with label: hash alone")
		}
		return
	case into.HashKeyFile == "":
		d.refuse(here, "is missing: label: hash needs a file with a random key, such as `head -c 32 /dev/urandom | base64` writes")
		return
	}
	key, err := readSecret(into.HashKeyFile)
	switch {
	case err != nil:
		d.refuse(here, "%v", err)
	case strings.TrimSpace(key) == "":
		d.refuse(here, "the file is empty: write a random key into it, such as `head -c 32 /dev/urandom | base64` gives")
	default:
		into.HashKey = Secret(key)
		if len(key) < 16 {
			d.warn(here, "the key has fewer than 16 bytes and can be guessed: make a longer one, which changes every device's label")
		}
		if othersMayWrite(into.HashKeyFile) {
			d.warn(here, writableByOthers)
		}
	}
}
