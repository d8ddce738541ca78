package faceclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errorFromResponse reads what the service says went wrong: the code by the order of the reference, the wait, and from its
// words which of several reasons it was. The body may be empty, HTML or cut short; what cannot be read is left out.
func errorFromResponse(response *http.Response, body []byte, now time.Time, echoes func(string) bool) *Error {
	status, header := response.StatusCode, response.Header
	type codes struct{ Code, StatusCode any }
	var said struct {
		codes
		Error codes
	}
	_ = json.Unmarshal(body, &said)
	e := &Error{Code: strconv.Itoa(status)}
	for _, candidate := range []any{header.Get("x-ms-error-code"), said.Error.Code, said.Code, said.Error.StatusCode, said.StatusCode} {
		if code := fmt.Sprint(candidate); serviceCode.MatchString(code) && !ours(code) && !echoes(code) {
			e.Code = code
			break
		}
	}
	words := strings.ToLower(e.Code + " " + string(body))
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) {
		words = "" // a proxy's page
	}
	if status == http.StatusForbidden && strings.Contains(words, "quota") {
		e.Code = CodeQuotaExceeded
	} else {
		e.Detail = refusalDetail(status, words)
	}
	wait, ok := retryAfter(header.Get("Retry-After"), now)
	if !ok && (status == http.StatusTooManyRequests || e.Code == CodeQuotaExceeded) {
		wait = waitInWords(words)
	}
	e.Wait = wait
	return e
}

// serviceCode is what a code of the service is like: a word, or three digits.
var serviceCode = regexp.MustCompile(`^([A-Za-z]{1,64}|[0-9]{3})$`)

// refusals tell the reasons apart that share a status and often a code, by words of the text that comes with it. The first
// row that fits counts. Words are in lower case, and one of them is enough.
//
//nolint:gochecknoglobals // a table that never changes
var refusals = []struct {
	status int
	detail Detail
	words  []string
}{
	{400, DetailCustomSubdomain, []string{"subdomain", "sub domain"}},
	{400, DetailAPIVersionNotOffered, []string{"api version", "api-version", "apiversion"}},
	{401, DetailCustomSubdomain, []string{"subdomain", "sub domain"}},
	{401, DetailRoleMissing, []string{"permissiondenied", "does not have access", "data action", "lacks the required"}},
	{403, DetailCustomSubdomain, []string{"correct endpoint", "subdomain"}},
	{403, DetailNetworkRules, []string{
		"public access is disabled", "public network access", "private endpoint", "publicnetworkaccessdisabled",
		"firewall", "virtual network", "network acl", "ip address", "ip rule",
	}},
	{403, DetailRoleMissing, []string{"permissiondenied", "does not have access", "data action", "lacks the required", "not authorized to perform", "authorizationfailed"}},
	{404, DetailAPIVersionNotOffered, []string{"api version", "api-version", "apiversion"}},
}

// refusalDetail returns the reason of a refusal that the words name, "" if they name none that we know.
func refusalDetail(status int, words string) Detail {
	for _, row := range refusals {
		if row.status == status && slices.ContainsFunc(row.words, func(word string) bool { return strings.Contains(words, word) }) {
			return row.detail
		}
	}
	return ""
}

// retryAfter reads a Retry-After header: whole seconds, or an HTTP date that is compared with now, the service's clock.
// A wait that is over is 0.
func retryAfter(header string, now time.Time) (wait time.Duration, ok bool) {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseUint(header, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return secondsToWait(float64(seconds)), true // out of range it is the highest number
	}
	at, err := http.ParseTime(header)
	return max(0, at.Sub(now)), err == nil
}

// namedWait finds the wait that a 429 or a used up quota only tells in words: "Please retry after 1 second.", "Try again in 26
// seconds.", "Quota will be replenished in 2.12 days." or "… in 00:05:00", which can begin with days and a point.
var namedWait = regexp.MustCompile(`\b(?:retry|try again|replenished|renewed|reset|available|resume)\w*(?: again)? (?:after|in)(?: about)? ` +
	`(?:(\d{1,9}(?:\.\d{1,9})?) ?(sec|s|min|m|hour|h|day|d)\w*\b|(?:(\d{1,4})\.)?(\d{1,3}):(\d{2}):(\d{2})\b)`)

// waitInWords is the wait that words in lower case name; 0 if they name none.
func waitInWords(words string) time.Duration {
	match := namedWait.FindStringSubmatch(words)
	if match == nil {
		return 0
	}
	number := func(i int) float64 {
		value, _ := strconv.ParseFloat(match[i], 64) // digits, or nothing
		return value
	}
	if match[2] == "" {
		return secondsToWait(number(3)*86_400 + number(4)*3600 + number(5)*60 + number(6))
	}
	return secondsToWait(number(1) * map[byte]float64{'s': 1, 'm': 60, 'h': 3600, 'd': 86_400}[match[2][0]])
}

// secondsToWait bounds a wait to a century, so that no number of seconds overflows.
func secondsToWait(seconds float64) time.Duration {
	const century = 100 * 365 * 86_400
	return time.Duration(min(seconds, century) * float64(time.Second))
}
