package faceclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// at is what decoded JSON has at the end of a path of names, in which case does not count; nil where it has nothing there.
func at(value any, path ...string) any {
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
		for key, field := range object {
			if value == nil && strings.EqualFold(key, name) {
				value = field
			}
		}
	}
	return value
}

// errorFromResponse reads what the service says went wrong: the code by the order of the reference, the wait, and from its
// text which of several reasons it was. The body may be empty, HTML or cut short; what cannot be read is left out, and so
// is a code that is secret, that is one of ours, or that is a UUID, which names a session or a device.
func errorFromResponse(status int, header http.Header, body []byte, now time.Time, secret func(string) bool) *Error {
	var parsed any
	broken := json.Unmarshal(body, &parsed) != nil
	field := func(path ...string) string {
		switch value := at(parsed, path...).(type) {
		case string:
			return value
		case float64:
			return strconv.FormatFloat(value, 'f', -1, 64)
		}
		return ""
	}
	e := &Error{Code: strconv.Itoa(status), Status: status}
	for _, candidate := range []string{
		header.Get("x-ms-error-code"), field("error", "code"), field("code"), field("error", "statusCode"), field("statusCode"),
	} {
		if isCode(candidate) && !ours(candidate) && uuid.Validate(candidate) != nil && !secret(candidate) {
			e.Code = candidate
			break
		}
	}
	text := strings.Join([]string{
		header.Get("x-ms-error-code"), field("error", "code"), field("error", "innererror", "code"), field("code"),
		field("error"), field("error", "message"), field("error", "innererror", "message"), field("message"),
	}, " ")
	if page := bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")); broken && !page {
		text = string(body)
	}
	if status == http.StatusForbidden && speaksOfQuota.MatchString(text) {
		e.Code = CodeQuotaExceeded
	} else {
		e.Detail = refusalDetail(status, e.Code, text)
	}
	wait, ok := retryAfter(header.Get("Retry-After"), now)
	if !ok && (status == http.StatusTooManyRequests || e.Code == CodeQuotaExceeded) {
		wait, _ = waitInText(text)
	}
	e.Wait = wait
	return e
}

var speaksOfQuota = regexp.MustCompile(`(?i)quota`)

type refusal struct {
	status int
	detail Detail
	words  []string
}

// refusals tell the reasons apart that share a status and often a code, by words of the text that comes with it. The first
// row that fits counts. Statuses are 0 where any may come, words are in lower case, and one of them is enough.
func refusals() []refusal {
	return []refusal{
		{400, DetailCustomSubdomain, []string{"subdomain", "sub domain"}},
		{400, DetailAPIVersionNotOffered, []string{"api version", "api-version", "apiversion"}},
		{400, DetailTopRefused, []string{"top parameter", "'top'"}},
		{400, DetailStartRefused, []string{"start parameter", "'start'"}},
		{401, DetailCustomSubdomain, []string{"subdomain", "sub domain"}},
		{0, DetailKeysDisabled, []string{"authenticationtypedisabled", "key based authentication is disabled", "local authentication is disabled", "key-based authentication is disabled"}},
		{401, DetailRoleMissing, []string{"permissiondenied", "does not have access", "data action", "lacks the required"}},
		{401, DetailTokenAudience, []string{"audience"}},
		{401, DetailResourceDisabled, []string{"subscription is disabled", "subscription is suspended", "resource is disabled", "resource has been disabled"}},
		{401, DetailTokenNotAccepted, []string{"access token", "bearer", "jwt", "token is expired", "token expired", "invalid token"}},
		{401, DetailKeyNotAccepted, []string{"subscription key", "invalid key", "api key"}},
		{403, DetailCustomSubdomain, []string{"correct endpoint", "subdomain"}},
		{403, DetailPublicAccess, []string{"public access is disabled", "public network access", "private endpoint", "publicnetworkaccessdisabled"}},
		{403, DetailFirewall, []string{"firewall", "virtual network", "network acl", "ip address", "ip rule"}},
		{403, DetailLimitedAccess, []string{"unsupportedfeature", "missing approval", "limited access", "cognitivefaceapproval"}},
		{403, DetailRoleMissing, []string{"permissiondenied", "does not have access", "data action", "lacks the required", "not authorized to perform", "authorizationfailed"}},
		{403, DetailResourceDisabled, []string{"is disabled", "has been disabled", "suspended", "is not active", "read only", "readonlydisabledsubscription"}},
		{404, DetailAPIVersionNotOffered, []string{"api version", "api-version", "apiversion"}},
	}
}

// refusalDetail returns the reason of a refusal that the text names, "" if it names none that we know.
func refusalDetail(status int, code, text string) Detail {
	text = strings.ToLower(code + " " + text)
	for _, row := range refusals() {
		if (row.status == 0 || row.status == status) && slices.ContainsFunc(row.words, func(word string) bool { return strings.Contains(text, word) }) {
			return row.detail
		}
	}
	return ""
}

// isCode reports whether a code of the service is fit to be a label: 1 to 64 of [A-Za-z0-9_.-].
func isCode(text string) bool { return code.MatchString(text) }

var code = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// retryAfter reads a Retry-After header: whole seconds, or an HTTP date that is compared with now, the service's clock.
// A wait that is over is 0.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, false
	}
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return secondsToWait(float64(seconds)), true // out of range it is the highest number
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

const waitWords = `(?i)\b(?:retry|try again|replenished|renewed|reset|available|resume)\w*(?: again)? (?:after|in)(?: about)? `

var (
	waitAmount = regexp.MustCompile(waitWords + `(\d{1,9}(?:\.\d{1,9})?) ?(second|sec|s|minute|min|m|hour|h|day|d)s?\b`)
	waitClock  = regexp.MustCompile(waitWords + `(?:(\d{1,4})\.)?(\d{1,3}):(\d{2}):(\d{2})(?:\.\d+)?\b`)
)

// waitInText finds the wait that a 429 or a used up quota only tells in words: "Please retry after 1 second.", "Try again
// in 26 seconds.", "Quota will be replenished in 2.12 days." or "… in 00:05:00", which can begin with days and a point.
func waitInText(text string) (time.Duration, bool) {
	if match := waitClock.FindStringSubmatch(text); match != nil {
		seconds := 0.0
		for i, unit := range []float64{86_400, 3600, 60, 1} {
			amount, _ := strconv.ParseFloat(match[i+1], 64) // digits; the days can be absent
			seconds += amount * unit
		}
		return secondsToWait(seconds), true
	}
	match := waitAmount.FindStringSubmatch(text)
	if match == nil {
		return 0, false
	}
	amount, err := strconv.ParseFloat(match[1], 64)
	unit := map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86_400}[match[2][0]|0x20] // in lower case
	return secondsToWait(amount * unit), err == nil
}

// secondsToWait bounds a wait to a century, so that no number of seconds overflows.
func secondsToWait(seconds float64) time.Duration {
	const century = 100 * 365 * 86_400
	return time.Duration(min(seconds, century) * float64(time.Second))
}
