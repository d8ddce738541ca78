package facesim

import (
	"fmt"
	"strconv"
	"time"
)

// slots are the places an item's keys can take: six fields of the API and the unknown one. Seven is a prime, so any
// step from 1 to 6 visits every slot once. So there are 7 × 6 = 42 orders without a table.
const slots = 7

// decoy is the unknown field: nested, with a key and brackets that a careless parser would take for the item's own.
const decoy = `"extension":{"id":"not-a-session","sessionExpired":false,"list":[1,-2.5e3,null,"]}\"\u00e9",{"start":{}}]},`

// appendItem writes the session as an item of the page.
func (s *Session) appendItem(b []byte, now time.Time) []byte {
	b = append(b, '{')
	slot := int(s.Wire.Order) % slots
	step := 1 + int(s.Wire.Order)/slots%(slots-1)
	for range slots {
		b = s.appendField(b, slot, now)
		slot = (slot + step) % slots
	}
	b[len(b)-1] = '}' // takes the place of the last comma
	return b
}

func (s *Session) appendField(b []byte, slot int, now time.Time) []byte {
	switch slot {
	case 0:
		b = s.appendText(append(b, `"id":"`...), s.ID)
		return append(b, `",`...)
	case 1:
		b = s.Wire.appendTime(append(b, `"createdDateTime":"`...), s.Created)
		return append(b, `",`...)
	case 2:
		if s.startedBy(now) {
			b = s.Wire.appendTime(append(b, `"sessionStartDateTime":"`...), s.Started)
			return append(b, `",`...)
		}
		if s.Wire.NullStart {
			return append(b, `"sessionStartDateTime":null,`...)
		}
	case 3:
		b = strconv.AppendBool(append(b, `"sessionExpired":`...), s.Expired(now))
		return append(b, ',')
	case 4:
		return s.appendDevice(b)
	case 5:
		if s.TTL != 0 {
			b = strconv.AppendInt(append(b, `"authTokenTimeToLiveInSeconds":`...), int64(s.TTL/time.Second), 10)
			return append(b, ',')
		}
	case 6:
		if s.Wire.Extra {
			return append(b, decoy...)
		}
	}
	return b
}

func (s *Session) appendDevice(b []byte) []byte {
	switch {
	case s.DeviceID != "" || s.Wire.EmptyDevice:
		b = s.appendText(append(b, `"deviceCorrelationId":"`...), s.DeviceID)
		return append(b, `",`...)
	case s.Wire.NullDevice:
		return append(b, `"deviceCorrelationId":null,`...)
	}
	return b
}

// appendTime writes a time that is already cut to what the session's digits can say.
func (w Wire) appendTime(b []byte, t time.Time) []byte {
	begin := len(b)
	b = t.AppendFormat(b, time.RFC3339Nano) // cuts trailing zeros
	b = b[:len(b)-len("Z")]
	if w.Digits > 0 {
		const whole, zeros = len("2006-01-02T15:04:05"), "000000000"
		if len(b) == begin+whole {
			b = append(b, '.')
		}
		written := len(b) - begin - whole - len(".")
		b = append(b, zeros[:int(min(w.Digits, 9))-written]...)
	}
	if w.Zulu {
		return append(b, 'Z')
	}
	return append(b, "+00:00"...)
}

// appendText writes the inside of a JSON string. Bytes that are not UTF-8 go out as they are: that a service can send
// them is what a test wants to see.
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
