package facesim

import (
	"strconv"
	"time"
)

// slots are the places an item's keys can take: six fields of the API and the unknown one. Seven is a prime, so any
// step from 1 to 6 visits every slot once; that gives 7 × 6 = 42 orders without a table.
const slots = 7

// decoy is the unknown field: nested, with a key and brackets that a careless parser would take for the item's own.
const decoy = `"extension":{"id":"not-a-session","sessionExpired":false,"list":[1,-2.5e3,null,"]}\"\u00e9",{"start":{}}]},`

// appendItem writes the session as an item of the page. Encoding is done at the time of the answer and not before: it
// takes some 0.2 µs an item, and a million prepared items would take 250 MB.
func (r *record) appendItem(b []byte, now int64) []byte {
	b = append(b, '{')
	slot := int(r.order) % slots
	step := 1 + int(r.order)/slots%(slots-1)
	for range slots {
		b = r.appendField(b, slot, now)
		slot = (slot + step) % slots
	}
	b[len(b)-1] = '}' // takes the place of the last comma
	return b
}

func (r *record) appendField(b []byte, slot int, now int64) []byte {
	switch slot {
	case 0:
		b = append(b, `"id":"`...)
		b = appendText(b, r.id, r.flags.has(escapeID))
		return append(b, `",`...)
	case 1:
		b = append(b, `"createdDateTime":"`...)
		b = r.appendTime(b, r.created)
		return append(b, `",`...)
	case 2:
		if r.started != notStarted {
			b = append(b, `"sessionStartDateTime":"`...)
			b = r.appendTime(b, r.started)
			return append(b, `",`...)
		}
		if r.flags.has(nullStart) {
			return append(b, `"sessionStartDateTime":null,`...)
		}
	case 3:
		if now >= r.expires() {
			return append(b, `"sessionExpired":true,`...)
		}
		return append(b, `"sessionExpired":false,`...)
	case 4:
		return r.appendDevice(b)
	case 5:
		if r.ttl != 0 {
			b = append(b, `"authTokenTimeToLiveInSeconds":`...)
			b = strconv.AppendInt(b, int64(r.ttl), 10)
			return append(b, ',')
		}
	case 6:
		if r.flags.has(extra) {
			return append(b, decoy...)
		}
	}
	return b
}

func (r *record) appendDevice(b []byte) []byte {
	switch {
	case r.device != "":
		b = append(b, `"deviceCorrelationId":"`...)
		b = appendText(b, r.device, r.flags.has(escapeDevice))
		return append(b, `",`...)
	case r.flags.has(emptyDevice):
		return append(b, `"deviceCorrelationId":"",`...)
	case r.flags.has(nullDevice):
		return append(b, `"deviceCorrelationId":null,`...)
	}
	return b
}

// appendTime writes ISO 8601 with the fraction digits and the offset the record asks for.
func (r *record) appendTime(b []byte, ns int64) []byte {
	t := time.Unix(0, ns).UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = appendDigits(b, year, 4)
	b = append(b, '-')
	b = appendDigits(b, int(month), 2)
	b = append(b, '-')
	b = appendDigits(b, day, 2)
	b = append(b, 'T')
	b = appendDigits(b, hour, 2)
	b = append(b, ':')
	b = appendDigits(b, minute, 2)
	b = append(b, ':')
	b = appendDigits(b, second, 2)
	b = appendFraction(b, t.Nanosecond(), r.digits)
	if r.flags.has(zulu) {
		return append(b, 'Z')
	}
	return append(b, "+00:00"...)
}

func appendFraction(b []byte, nanosecond int, digits uint8) []byte {
	if digits != 0 {
		b = append(b, '.')
		return appendDigits(b, nanosecond/int(wirePrecision(digits)), int(min(digits, 9)))
	}
	ticks := nanosecond / 100
	if ticks == 0 {
		return b
	}
	width := 7
	for ticks%10 == 0 {
		ticks /= 10
		width--
	}
	b = append(b, '.')
	return appendDigits(b, ticks, width)
}

func appendDigits(b []byte, n, width int) []byte {
	var digits [9]byte
	for i := width - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, digits[:width]...)
}

func needsEscape(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == '"' || s[i] == '\\' {
			return true
		}
	}
	return false
}

// appendText writes the inside of a JSON string. Bytes that are not UTF-8 go out as they are: that a service can send
// them is what a test wants to see.
func appendText(b []byte, s string, escape bool) []byte {
	if !escape {
		return append(b, s...)
	}
	const hex = "0123456789abcdef"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}
