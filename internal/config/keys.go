package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// usableKey accepts what can stand in an HTTP header and was not damaged by copying.
func usableKey(key string) error {
	if err := plainText(key); err != nil {
		return err
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("has a character that no key has (not printable ASCII): copy it again")
	}
	return nil
}

// errQuoted is about quotes that a shell would have removed. Docker's --env-file and systemd's EnvironmentFile differ in
// this.
var errQuoted = errors.New("has quotes around it, which are part of the value: remove them")

func unquoted(s string) error {
	if quoted(s) {
		return errQuoted
	}
	return nil
}

// quoted reports whether the text stands in quotes, or begins or ends with one.
func quoted(s string) bool { return quotesShape.MatchString(s) }

// keyPattern is the shape of the keys that Azure gives out: 32 hexadecimal digits or, since 2024, 84 letters and digits.
var keyPattern = regexp.MustCompile(`^([0-9A-Fa-f]{32}|[0-9A-Za-z]{84})$`)

// The shapes of what is set in place of a secret.
var (
	quotesShape      = regexp.MustCompile("^['\"`]|['\"`]$")
	variableShape    = regexp.MustCompile(`\$\{|\$\(|\$[A-Za-z_]|^%[A-Za-z_]+%$|\{\{|\}\}|^#\{|^@Microsoft\.KeyVault`)
	headerShape      = regexp.MustCompile(`(?i)^(ocp-apim-subscription-key|authorization|api-key|x-api-key|bearer|key) ?[: ]`)
	tokenShape       = regexp.MustCompile(`^eyJ[A-Za-z0-9_-]+\.`)
	lineShape        = regexp.MustCompile(`(?i)^(export )?[A-Za-z_][A-Za-z0-9_.-]* ?= ?[^= ]`)
	fieldShape       = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*: `)
	urlShape         = regexp.MustCompile(`(?i)://`)
	documentShape    = regexp.MustCompile(`^-----BEGIN|^\{|^\["`)
	pathShape        = regexp.MustCompile(`^(\.{0,2}/|~/|[A-Za-z]:\\)`)
	placeholderShape = regexp.MustCompile(`(?i)^<.*>$|^\[.*\]$|your|x{4}|\*\*\*|\.{3}|change_?-?me|replace|example|placeholder|to-?do|dummy|insert|enter|secret-?_?key|<secret>|redacted|not-?_?set|undefined|^null$|^none$|^nil$|^test$|(api|subscription|face)[-_ ]?key`)
	idShape          = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	spaceShape       = regexp.MustCompile(`\s`)
)

// mistake is a shape and what to say about it.
type mistake struct {
	shape *regexp.Regexp
	says  string
}

// mistakes are all shapes, the more telling ones first.
func mistakes() []mistake {
	return []mistake{
		{quotesShape, "looks like a key in quotes: remove the quotes"},
		{variableShape, "looks like a variable that was not replaced by its value"},
		{headerShape, "looks like a header: give only the key, without the header's name"},
		{tokenShape, "looks like a token: for Entra ID use the setting entra"},
		{lineShape, "looks like a line NAME=value: give only the value"},
		{fieldShape, "looks like a line NAME: value: give only the value"},
		{urlShape, "looks like a URL"},
		{documentShape, "looks like a certificate or a document: give only the key"},
		{pathShape, "looks like a path: to read the key from a file, use key_file or FACE_API_KEY_FILE"},
		{placeholderShape, "looks like a placeholder: give the key itself"},
		{idShape, "looks like an id (of a subscription, a tenant, a client or its secret): give the secret value itself"},
		{spaceShape, "looks like a key with a space in it: copy the key again"},
	}
}

// doubtfulSecret tells why a secret of any kind probably is none, without repeating it; "" if it may be one.
func doubtfulSecret(secret string) string {
	for _, m := range mistakes() {
		if m.shape.MatchString(secret) {
			return m.says
		}
	}
	return ""
}

// doubtfulKey tells why a key probably is none, without repeating it; "" if it may be one. Where the endpoint is not one
// of Azure's, such as a proxy's, keys can have any length and alphabet.
func doubtfulKey(key, endpoint string) string {
	if keyPattern.MatchString(key) {
		if strings.Trim(key, key[:1]) == "" {
			return "looks like a placeholder: give the key itself"
		}
		return ""
	}
	if reason := doubtfulSecret(key); reason != "" {
		return reason
	}
	if decoded, err := base64.StdEncoding.DecodeString(key); err == nil && keyPattern.MatchString(strings.TrimSpace(string(decoded))) {
		return "looks like a key in base64: decode it once more"
	}
	if cloudOf(hostOf(endpoint)) == "" {
		return ""
	}
	return fmt.Sprintf("looks like something else than a key: a key has 32 hexadecimal digits or 84 letters and digits, this has %d characters", len(key))
}
