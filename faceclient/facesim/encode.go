package facesim

import (
	"fmt"
	"strconv"
	"time"
)

// appendItem writes the session as an item of the page.
func (s *Session) appendItem(b []byte, now time.Time) []byte {
	b = s.appendText(append(b, `{"id":"`...), s.ID)
	b = appendTime(append(b, `","createdDateTime":"`...), s.Created)
	if s.StartedBy(now) {
		b = appendTime(append(b, `","sessionStartDateTime":"`...), s.Started)
	}
	b = strconv.AppendBool(append(b, `","sessionExpired":`...), s.Expired(now))
	if s.DeviceID != "" {
		b = s.appendText(append(b, `,"deviceCorrelationId":"`...), s.DeviceID)
		b = append(b, '"')
	}
	if s.TTL != 0 {
		b = strconv.AppendInt(append(b, `,"authTokenTimeToLiveInSeconds":`...), int64(s.TTL/time.Second), 10)
	}
	return append(b, '}')
}

// appendTime writes a time with up to seven digits of a second, trailing zeros cut.
func appendTime(b []byte, t time.Time) []byte {
	b = t.AppendFormat(b, time.RFC3339Nano)
	return append(b[:len(b)-len("Z")], "+00:00"...)
}

// appendText writes the inside of a JSON string. Bytes that are not UTF-8 go out as they are.
func (s *Session) appendText(b []byte, text string) []byte {
	if !s.escapes {
		return append(b, text...)
	}
	for _, c := range []byte(text) {
		switch {
		case c < 0x20:
			b = fmt.Appendf(b, `\u%04x`, c)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return b
}

func needsEscape(text string) bool {
	for _, c := range []byte(text) {
		if c < 0x20 || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}
