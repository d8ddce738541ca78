package faceclient

import (
	"bytes"
	"time"
)

// calendar reads the dates of a page. Sessions of a page share a few days, so the last day's midnight is kept.
type calendar struct {
	day      [10]byte // such as 2024-05-19
	midnight int64    // of that day, in Unix seconds
	known    bool
}

// instant reads a date and time of RFC 3339 with any number of fraction digits. What does not have the service's usual
// form, in UTC and with up to nine digits, is left to package time, and so is the verdict on what is no date.
func (c *calendar) instant(text []byte) (time.Time, error) {
	if t, ok := c.usual(text); ok {
		return t, nil
	}
	var t time.Time
	err := t.UnmarshalText(text)
	return t, err
}

// usual reads the form 2024-05-19T16:16:31.2576555+00:00, with or without a fraction, with Z for the offset or not.
func (c *calendar) usual(text []byte) (time.Time, bool) {
	const seconds = len("2024-05-19T16:16:31")
	if len(text) <= seconds || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return time.Time{}, false
	}
	hour, minute, second := twoDigits(text[11:]), twoDigits(text[14:]), twoDigits(text[17:])
	if hour > 23 || minute > 59 || second > 59 || !c.turnTo(text[:10]) {
		return time.Time{}, false
	}
	rest := text[seconds:]
	nanoseconds := int64(0)
	if rest[0] == '.' {
		digits := 1
		unit := int64(time.Second)
		for ; digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
			unit /= 10
			nanoseconds += int64(rest[digits]-'0') * unit
		}
		if digits == 1 || unit == 0 {
			return time.Time{}, false
		}
		rest = rest[digits:]
	}
	if zone := string(rest); zone != "+00:00" && zone != "Z" {
		return time.Time{}, false
	}
	return time.Unix(c.midnight+int64(hour*3600+minute*60+second), nanoseconds).UTC(), true
}

// turnTo makes the day the one whose midnight is known.
func (c *calendar) turnTo(day []byte) bool {
	if c.known && bytes.Equal(day, c.day[:]) {
		return true
	}
	midnight, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return false
	}
	c.known, c.midnight = true, midnight.Unix()
	copy(c.day[:], day)
	return true
}

// twoDigits is the number of the first two characters, 100 or more where they are no digits.
func twoDigits(text []byte) int {
	tens, ones := text[0]-'0', text[1]-'0' // below '0' wraps around
	if tens > 9 || ones > 9 {
		return 100
	}
	return int(tens)*10 + int(ones)
}
