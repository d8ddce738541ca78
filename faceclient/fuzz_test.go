package faceclient_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient"
)

// FuzzPage: what the client takes for a page is one to encoding/json too, with as many sessions; what it refuses, it
// refuses by one of three codes; and it never panics.
func FuzzPage(f *testing.F) {
	const item = `{"id":"a","createdDateTime":"2024-05-19T16:16:31.2576555+00:00","sessionExpired":false}`
	for _, seed := range []string{
		``, ` `, `[]`, ` [ ] `, `[`, `]`, `null`, `{}`, `"x"`, `[null]`, `[[]]`, `[{}]`, `[]]`, `[][]`, "\ufeff[]", "[\x00]",
		`[` + item + `]`, `[` + item + `,]`, `[,` + item + `]`, `[` + item + `,` + item + `]`, `[` + item, `[` + item + `]x`, `[` + item + ` ` + item + `]`,
		`[{"id":"\ud800","id":"\u00e9","ID":7,"createdDateTime":"2024-05-19T16:16:31\u002b00:00","sessionExpired":true}]`,
		`[{"id":"` + "\xff\xfe" + `","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":true}]`,
		`[{"id":"` + strings.Repeat("é", 64) + `","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":true}]`,
		`[{"id":"a","createdDateTime":"2024-05-19T16:16:31Z","sessionExpired":true,"x":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + `}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		l, err := pageOf(t, string(body))
		if err != nil {
			switch code := faceclient.Code(err); code {
			case faceclient.CodeInvalidResponse, faceclient.CodeConnection, faceclient.CodePagination:
			default:
				t.Fatalf("code %q: %v", code, err)
			}
			return
		}
		var items []map[string]json.RawMessage
		if err := json.Unmarshal(body, &items); err != nil {
			t.Fatalf("taken, but encoding/json says %v", err)
		}
		known := map[string]bool{}
		for _, item := range items {
			var id string
			if err := json.Unmarshal(item["id"], &id); err != nil || id == "" {
				t.Fatalf("taken, but encoding/json reads the id %s as %q, %v", item["id"], id, err)
			}
			known[id] = true
		}
		if len(l.sessions) != len(items) {
			t.Fatalf("%d sessions, encoding/json finds %d", len(l.sessions), len(items))
		}
		for _, session := range l.sessions {
			if !known[string(session.ID)] || session.Created.IsZero() || session.TTL < 0 {
				t.Fatalf("%+v is in no item", session)
			}
		}
	})
}

// FuzzErrorResponse: the code of any answer is a word or three digits, and the text of the error has nothing else of the answer.
func FuzzErrorResponse(f *testing.F) {
	for _, seed := range []struct {
		status       int
		header, body string
	}{
		{429, "", `{"error":{"statusCode":429,"message":"Rate limit is exceeded. Try again in 26 seconds."}}`},
		{409, "ConcurrentOperationConflict", ``},
		{403, "a b", `{"error":{"code":{"code":"x"}}}`},
		{500, "", `{"error":null,"statusCode":1e3}`},
		{503, "\x00", "\xff"},
		{599, "", `{"error":{"code":"ſ"}}`},
		{-1, "x", "{"},
	} {
		f.Add(seed.status, seed.header, seed.body)
	}
	label := regexp.MustCompile(`^([A-Za-z]{1,64}|[0-9]{3})$`)
	f.Fuzz(func(t *testing.T, status int, header, body string) {
		status = 400 + int(uint(status)%200)
		options := fast("https://contoso.cognitiveservices.azure.com")
		options.Transport = answering(func(*http.Request) (*http.Response, error) {
			return answer(status, http.Header{"X-Ms-Error-Code": {header}}, body), nil
		})
		_, err := list(t.Context(), newClient(t, options), faceclient.DetectLiveness, 1000)
		failure := typed(t, err)
		if failure.Status != status || !label.MatchString(failure.Code) {
			t.Fatalf("status %d, code %q", failure.Status, failure.Code)
		}
		if number := strconv.Itoa(status); failure.Code != number && failure.Code != header && !json.Valid([]byte(body)) {
			t.Fatalf("code %q comes from nowhere", failure.Code)
		}
		if rest := strings.Trim(string(failure.Detail), "abcdefghijklmnopqrstuvwxyz_"); rest != "" {
			t.Fatalf("detail %q", failure.Detail)
		}
		if !strings.HasPrefix(err.Error(), failure.Code) || len(err.Error()) > 160 || failure.Wait < 0 {
			t.Fatalf("code %q, text %q, wait %v", failure.Code, err.Error(), failure.Wait)
		}
	})
}

// FuzzWait: for any text about waiting, in a header or in words, the client waits before it tries again, and
// never longer than its bound.
func FuzzWait(f *testing.F) {
	for _, header := range []string{
		"", "0", "1", "7", " 7 ", "-1", "1.5", "3600", "9223372036", "9223372037", "18446744073709551615", "18446744073709551616", "1e9", "0x10",
		"Sat, 01 Jan 2000 00:00:07 GMT", "Fri, 31 Dec 1999 00:00:00 GMT", "Wed, 01 Jan 3000 00:00:00 GMT", "Saturday, 01-Jan-00 00:00:07 GMT", "soon",
	} {
		for _, message := range []string{"", "Please retry after 1 second.", "Try again in 26 seconds.", "Try again in 999999999 seconds.", "retry after 0 second", "retry after -1 second"} {
			f.Add(header, message)
		}
	}
	f.Fuzz(func(t *testing.T, header, message string) {
		body, err := json.Marshal(map[string]any{"statusCode": 429, "message": message})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Test(t, func(t *testing.T) {
			options := plainOptions()
			options.MaxRetries = 1
			options.Transport = answering(func(*http.Request) (*http.Response, error) {
				return answer(429, http.Header{"Retry-After": {header}, "Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}, string(body)), nil
			})
			began := time.Now()
			l, err := list(t.Context(), newClient(t, options), faceclient.DetectLiveness, 1000)
			took, asked := time.Since(began), typed(t, err).Wait
			if l.attempts != 2 || asked < 0 || took < min(max(asked, 250*time.Millisecond), options.MaxRetryWait) || took > options.MaxRetryWait {
				t.Fatalf("%d requests in %v, and a wait of %v was asked for", l.attempts, took, asked)
			}
		})
	})
}
