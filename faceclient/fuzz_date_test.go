package faceclient_test

import (
	"encoding/json"
	"testing"
	"time"
)

// FuzzDate: a date is read as package time reads it, or refused as there.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{
		"2024-05-19T16:16:31.2576555+00:00", "2024-05-19T16:16:31.199691+00:00", "2024-05-19T16:16:31Z", "2024-05-19T16:16:31.540Z",
		"2024-05-19T16:16:31.123456789Z", "2024-05-19T16:16:31.1234567891Z", "2024-05-19T16:16:31.Z", "2024-05-19T16:16:31,5Z",
		"2024-02-30T00:00:00Z", "2024-02-29T23:59:60Z", "2023-02-29T00:00:00Z", "2024-05-19T24:00:00Z", "2024-05-19T16:60:00Z",
		"2024-05-19t16:16:31z", "2024-05-19T16:16:31+05:30", "2024-05-19T16:16:31-00:00", "2024-05-19T1:16:31Z", "2024-05-19T16:16:31",
		"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "-024-05-19T16:16:31Z", "2024-05-19T16:16:31Z ", "", "x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Skip("no JSON string")
		}
		var same string
		if json.Unmarshal(quoted, &same) != nil || same != text {
			t.Skip("not UTF-8")
		}
		_, visited, err := walkOverPage(t, `[{"id":"a","sessionExpired":true,"createdDateTime":`+string(quoted)+`}]`)
		var want time.Time
		wantErr := want.UnmarshalText([]byte(text))
		switch {
		case wantErr != nil || want.IsZero():
			if err == nil {
				t.Fatalf("%q is taken, and package time says %v", text, wantErr)
			}
		case err != nil:
			t.Fatalf("%q is refused (%v), and package time reads %v", text, err, want)
		case !visited.sessions[0].Created.Equal(want):
			t.Fatalf("%q is read as %v, and by package time as %v", text, visited.sessions[0].Created, want)
		}
	})
}
