package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unicode"
)

const (
	// maxSecretBytes bounds a file with a key, a client secret or an HMAC key.
	maxSecretBytes = 64 << 10
	// maxPEMBytes bounds a file with certificates or their key. The certificates of all public authorities are 250 kB.
	maxPEMBytes = 4 << 20
)

// ReadSecretFile reads a subscription key or a client secret. One line break at the end of the file is left out; white
// space at either end, control characters, anything that is not ASCII and an empty file are errors. No error repeats
// the path or the content; errors.Is with fs.ErrNotExist and fs.ErrPermission holds where they are the reason.
func ReadSecretFile(path string) (Secret, error) {
	content, err := readSecret(path)
	if err != nil {
		return "", err
	}
	if content == "" {
		return "", fmt.Errorf("the file %w: write the secret into it", ErrEmpty)
	}
	if err := usableKey(content); err != nil {
		return "", fmt.Errorf("the content of the file %w", err)
	}
	return Secret(content), nil
}

// readSecret returns the file's content without one line break at its end.
func readSecret(path string) (string, error) {
	content, err := readRegular(path, maxSecretBytes)
	switch {
	case err != nil:
		return "", err
	case isUTF16(content):
		return "", errors.New("the file is UTF-16, as Windows PowerShell writes it by >: write it again with Set-Content -NoNewline -Encoding ascii")
	case bytes.HasPrefix(content, []byte(byteOrderMark)):
		return "", errors.New("the file begins with a byte order mark: save it as UTF-8 without one")
	}
	text := strings.TrimSuffix(string(content), "\n")
	return strings.TrimSuffix(text, "\r"), nil
}

// byteOrderMark is what some editors of Windows put before a UTF-8 text.
const byteOrderMark = "\ufeff"

// isUTF16 tells a text in UTF-16 by its byte order mark, or by every other byte of its beginning being 0.
func isUTF16(data []byte) bool {
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return true
	}
	return len(data) >= 4 && (data[0] == 0) != (data[1] == 0) && (data[2] == 0) == (data[0] == 0) && (data[3] == 0) == (data[1] == 0)
}

// ReadFile reads a file that is read again while the exporter runs, such as one with certificates or a private key. It
// waits for nothing: what is no regular file, or has more than 4 MiB, is an error, which does not repeat the path.
func ReadFile(path string) ([]byte, error) { return readRegular(path, maxPEMBytes) }

// readRegular reads a regular file of at most so many bytes. The size of a file can be wrong, as below /proc.
func readRegular(path string, most int64) ([]byte, error) {
	if err := regularFile(path, most); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may have become a pipe
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	switch {
	case err != nil:
		return nil, withoutPath(err)
	case int64(len(content)) > most:
		return nil, tooLarge(most)
	}
	return content, nil
}

func tooLarge(most int64) error {
	return fmt.Errorf("the file is larger than %d KiB: is it the right one?", most>>10)
}

// regularFile checks a file before it is opened, because opening a pipe waits for its writer.
func regularFile(path string, most int64) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return withoutPath(err)
	case !info.Mode().IsRegular():
		return errors.New("the path does not lead to a regular file")
	case info.Size() > most:
		return tooLarge(most)
	}
	return nil
}

// writable warns of a file that more users than the owner may change: they could make the exporter use a credential of
// theirs, or change the label of every device. The mode is that of a symbolic link's target, as for the links of a
// Kubernetes secret. Whether others may read the file is not checked, because in Kubernetes they may.
//
// On Windows the permission bits only reflect the read-only attribute and say nothing about other users.
func (d *decoder) writable(at place, path string) {
	if info, err := os.Stat(path); runtime.GOOS != "windows" && err == nil && info.Mode().Perm()&0o022 != 0 {
		d.warn(at, "%s: may be written by others: chmod go-w", shownPath(path))
	}
}

// withoutPath keeps the reason and drops the path, which is a key where somebody took key_file for key.
func withoutPath(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return fmt.Errorf("the file cannot be read: %w", err)
}

// shownPath is a path for a message. A part of it that could be a secret is left out: somebody may have taken key_file
// for key.
func shownPath(path string) string {
	parts := strings.Split(filepath.ToSlash(path), "/")
	for i, part := range parts {
		if len(part) >= 12 && secretLike(part) {
			parts[i] = "…"
		}
	}
	return filepath.FromSlash(strings.Join(parts, "/"))
}

// secretLike reports whether letters and digits change places as in a key. The names of files have their digits together.
func secretLike(part string) bool {
	changes := 0
	var before rune
	for _, r := range part {
		switch {
		case unicode.IsDigit(r):
			r = '0'
		case unicode.IsLetter(r):
			r = 'a'
		default:
			continue
		}
		if before != 0 && r != before {
			changes++
		}
		before = r
	}
	return changes > 3
}

// unusableFile reports why a file that is read later is of no use. A file that is not there, or not for this user, is a
// warning: a configuration is often checked on another machine than the one with the secrets.
func (d *decoder) unusableFile(at place, path string, err error) {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		d.warn(at, "%s: %v; it must be there when the exporter runs", shownPath(path), err)
		return
	}
	d.refuse(at, "%s: %v", shownPath(path), err)
}

// secretFile checks a file with a key or a client secret, which is read again whenever it is needed. doubt tells why a
// secret probably is none.
func (d *decoder) secretFile(at place, path string, doubt func(string) string) {
	secret, err := ReadSecretFile(path)
	if err != nil {
		d.unusableFile(at, path, err)
		return
	}
	d.writable(at, path)
	if reason := doubt(secret.Reveal()); reason != "" {
		d.warn(at, "%s: the content of the file %s", shownPath(path), reason)
	}
}

// pemFile checks a file of the section tls.
func (d *decoder) pemFile(at place, path string) {
	if err := regularFile(path, maxPEMBytes); err != nil {
		d.unusableFile(at, path, err)
	}
}

// minHashKeyBytes is what FIPS 140-3 asks of an HMAC key (112 bits), and two bytes more.
const minHashKeyBytes = 16

// makeHashKey is what to do where there is no good HMAC key.
const makeHashKey = "make one with `head -c 32 /dev/urandom | base64`"

// hashKey reads the HMAC key. Unlike the other files it must exist when the configuration is checked: a hash with an
// empty key is no pseudonym.
func (d *decoder) hashKey(at place, into *Devices) {
	here := d.field(at, "hash_key_file")
	switch {
	case d.refused[join(at.path, "label")] || d.refused[here.path]:
		return
	case into.Label != DeviceLabelHash:
		if d.has(at, "hash_key_file") {
			d.warn(here, "has no effect: only label: hash uses it")
		}
		return
	case into.HashKeyFile == "":
		d.refuse(here, "is missing: label: hash needs a file with a secret key; "+makeHashKey)
		return
	}
	key, err := readSecret(into.HashKeyFile)
	switch {
	case err != nil:
		d.refuse(here, "%s: %v", shownPath(into.HashKeyFile), err)
	case strings.TrimSpace(key) == "":
		d.refuse(here, "%s: the file is empty: %s", shownPath(into.HashKeyFile), makeHashKey)
	case len(key) < minHashKeyBytes:
		d.refuse(here, "%s: the key has fewer than 16 bytes and can be guessed: %s; a new key changes the label of every device",
			shownPath(into.HashKeyFile), makeHashKey)
	default:
		into.HashKey = Secret(key)
		d.writable(here, into.HashKeyFile)
	}
}
