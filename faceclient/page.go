package faceclient

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxIDLength is the longest id that the service takes as a start, in characters.
	maxIDLength = 64
	// maxTTL only keeps arithmetic on odd answers from overflowing; the reference's bound is a day.
	maxTTL = 366 * 24 * time.Hour
)

// Page is the room for one answer: its bytes and what they decode to. Pages are reused, so that a walk needs as many as
// it has requests in flight, however long the list is. The zero value is ready for use.
type Page struct {
	// Sessions are in the order of the answer. They are good until the page is used again.
	Sessions []Session
	// Date is the service's clock when it answered (the Date header, in whole seconds), or this machine's clock if there is
	// no such header.
	Date time.Time
	// RoundTrip is the time from sending the attempt that brought the page to the header of its answer, 0 or more.
	RoundTrip time.Duration

	body    bytes.Buffer
	strings []byte // ids that do not stand in the body as they are
	decoder *jsontext.Decoder
}

// decode fills Sessions from body. The error is an *Error.
func (p *Page) decode() error {
	p.Sessions = p.Sessions[:0]
	p.strings = p.strings[:0]
	lenient := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if p.decoder == nil {
		p.decoder = jsontext.NewDecoder(bytes.NewBuffer(p.body.Bytes()), lenient...)
	} else {
		p.decoder.Reset(bytes.NewBuffer(p.body.Bytes()), lenient...)
	}
	if err := p.decodeList(); err != nil {
		return err
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return invalid()
	}
	return nil
}

func (p *Page) decodeList() error {
	if err := p.open(jsontext.KindBeginArray); err != nil {
		return err
	}
	for p.decoder.PeekKind() != jsontext.KindEndArray {
		p.Sessions = append(p.Sessions, Session{TTL: DefaultTTL})
		if err := p.decodeSession(&p.Sessions[len(p.Sessions)-1]); err != nil {
			return err
		}
	}
	_, err := p.decoder.ReadToken()
	return syntaxError(err)
}

// open reads the beginning of a list or an object.
func (p *Page) open(kind jsontext.Kind) error {
	opening, err := p.decoder.ReadToken()
	if err == nil && opening.Kind() != kind {
		return invalid()
	}
	return syntaxError(err)
}

func (p *Page) decodeSession(session *Session) error {
	if err := p.open(jsontext.KindBeginObject); err != nil {
		return err
	}
	hasExpired := false
	for p.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := p.decoder.ReadToken()
		if err != nil {
			return syntaxError(err)
		}
		field := name.String()
		value, err := p.decoder.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		if err := p.set(session, field, value); err != nil {
			return err
		}
		hasExpired = hasExpired || field == "sessionExpired"
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return syntaxError(err)
	}
	if len(session.ID) == 0 || session.Created.IsZero() || !hasExpired {
		return invalid()
	}
	return nil
}

// set sets a field of a session, if we know it. Those that may be absent may be null, too.
func (p *Page) set(session *Session, field string, value jsontext.Value) (err error) {
	null := value.Kind() == jsontext.KindNull
	switch field {
	case "id":
		if session.ID, err = p.text(value); err == nil && utf8.RuneCount(session.ID) > maxIDLength {
			err = &Error{Code: CodePagination} // it cannot be a start, so the rest of the list cannot be read
		}
	case "createdDateTime":
		session.Created, err = p.instant(value)
	case "sessionStartDateTime":
		if session.Started = (time.Time{}); !null {
			session.Started, err = p.instant(value)
		}
	case "sessionExpired":
		session.Expired = value.Kind() == jsontext.KindTrue
		if !session.Expired && value.Kind() != jsontext.KindFalse {
			err = invalid()
		}
	case "deviceCorrelationId":
		if session.DeviceID = nil; !null {
			session.DeviceID, err = p.text(value)
		}
	case "authTokenTimeToLiveInSeconds":
		seconds := uint64(DefaultTTL / time.Second)
		if !null {
			seconds, err = strconv.ParseUint(string(value), 10, 32)
		}
		if err != nil || seconds > uint64(maxTTL/time.Second) {
			err = invalid()
		}
		session.TTL = time.Duration(seconds) * time.Second
	}
	return err
}

// instant reads a date and time of RFC 3339.
func (p *Page) instant(value jsontext.Value) (t time.Time, err error) {
	text, err := p.text(value)
	if err != nil || t.UnmarshalText(text) != nil || t.IsZero() {
		return t, invalid()
	}
	return t.UTC(), nil
}

// text returns the content of the JSON string that was just read, which stays good as long as the page does. Most stand
// in the body as they are. What is not UTF-8 becomes U+FFFD, which is the only error that a string the decoder has let
// through can have.
func (p *Page) text(value jsontext.Value) ([]byte, error) {
	if value.Kind() != jsontext.KindString {
		return nil, invalid()
	}
	end := int(p.decoder.InputOffset()) - 1
	plain := p.body.Bytes()[end-len(value)+2 : end : end]
	if bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain, nil
	}
	from := len(p.strings)
	p.strings, _ = jsontext.AppendUnquote(p.strings, value)
	return p.strings[from:len(p.strings):len(p.strings)], nil
}

// syntaxError drops the library's error, whose text can quote the body, and keeps what it is about.
func syntaxError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return endsEarly()
	}
	return noJSON()
}

// invalid is the error of an answer that is not what was asked for.
func invalid() error { return &Error{Code: CodeInvalidResponse} }

// endsEarly is the error of an answer that broke on its way.
func endsEarly() error { return &Error{Code: CodeConnection, Detail: DetailReset} }

// noJSON is the error of an answer that may come of a gateway, and not a moment later.
func noJSON() error { return &Error{Code: CodeInvalidResponse, passing: true} }
