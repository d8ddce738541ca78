package faceclient

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxIDLength is the longest id that the service takes as a start.
const maxIDLength = 64

// maxTTL only keeps arithmetic on odd answers from overflowing; the reference's bound is a day.
const maxTTL = 366 * 24 * time.Hour

var (
	// errIDTooLong says that an id cannot be a cursor.
	errIDTooLong = errors.New("id of more than 64 characters")
	// errNoJSON says that it was hardly the service that answered.
	errNoJSON = errors.New("no JSON")
)

// page is the room for one answer: its bytes and what they decode to. Pages are reused, so that a walk needs as many as
// it has requests in flight, however long the list is.
type page struct {
	body     []byte
	strings  []byte // ids that do not stand in the body as they are
	sessions []Session
	date     time.Time
	decoder  *jsontext.Decoder
	calendar calendar

	hasExpired bool // of the session that is being decoded
}

// decode fills sessions from body. The error wraps io.ErrUnexpectedEOF where the JSON ends early, errNoJSON where it is none,
// errIDTooLong where an id is no cursor; it never quotes the body.
func (p *page) decode() error {
	p.sessions = p.sessions[:0]
	p.strings = p.strings[:0]
	options := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	if p.decoder == nil {
		p.decoder = jsontext.NewDecoder(bytes.NewBuffer(p.body), options...)
	} else {
		p.decoder.Reset(bytes.NewBuffer(p.body), options...)
	}
	if err := p.decodeList(); err != nil {
		return err
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the list")
	}
	return nil
}

func (p *page) decodeList() error {
	opening, err := p.decoder.ReadToken()
	if err != nil {
		return p.syntaxError(err)
	}
	if opening.Kind() != jsontext.KindBeginArray {
		return errors.New("no array")
	}
	for p.decoder.PeekKind() != jsontext.KindEndArray {
		p.sessions = append(p.sessions, Session{TTL: DefaultTTL})
		if err := p.decodeSession(&p.sessions[len(p.sessions)-1]); err != nil {
			return fmt.Errorf("item %d: %w", len(p.sessions)-1, err)
		}
	}
	_, err = p.decoder.ReadToken()
	return p.syntaxError(err)
}

func (p *page) decodeSession(session *Session) error {
	opening, err := p.decoder.ReadToken()
	if err != nil {
		return p.syntaxError(err)
	}
	if opening.Kind() != jsontext.KindBeginObject {
		return errors.New("no object")
	}
	p.hasExpired = false
	for p.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := p.decoder.ReadValue()
		if err != nil {
			return p.syntaxError(err)
		}
		field := fieldOf(name)
		if field == nil {
			if err := p.decoder.SkipValue(); err != nil {
				return p.syntaxError(err)
			}
			continue
		}
		value, err := p.decoder.ReadValue()
		if err != nil {
			return p.syntaxError(err)
		}
		if err := field(p, session, value); err != nil {
			return err
		}
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return p.syntaxError(err)
	}
	if len(session.ID) == 0 || session.Created.IsZero() || !p.hasExpired {
		return errors.New("id, createdDateTime or sessionExpired is missing")
	}
	return nil
}

// fieldOf gives the decoder of a field by its quoted name, nil for a field that we do not know.
func fieldOf(name jsontext.Value) func(*page, *Session, jsontext.Value) error {
	switch string(name) {
	case `"id"`:
		return (*page).decodeID
	case `"createdDateTime"`:
		return (*page).decodeCreated
	case `"sessionStartDateTime"`:
		return (*page).decodeStarted
	case `"sessionExpired"`:
		return (*page).decodeExpired
	case `"deviceCorrelationId"`:
		return (*page).decodeDevice
	case `"authTokenTimeToLiveInSeconds"`:
		return (*page).decodeTTL
	}
	if bytes.IndexByte(name, '\\') >= 0 {
		plain, _ := jsontext.AppendUnquote([]byte{'"'}, name)
		if plain = append(plain, '"'); bytes.IndexByte(plain, '\\') < 0 {
			return fieldOf(plain)
		}
	}
	return nil
}

func (p *page) decodeID(session *Session, value jsontext.Value) error {
	if value.Kind() != jsontext.KindString {
		return errors.New("id is no string")
	}
	session.ID = p.unquote(value)
	if utf8.RuneCount(session.ID) > maxIDLength {
		return errIDTooLong
	}
	return nil
}

func (p *page) decodeCreated(session *Session, value jsontext.Value) (err error) {
	session.Created, err = p.instant("createdDateTime", value)
	return err
}

func (p *page) decodeStarted(session *Session, value jsontext.Value) (err error) {
	session.Started = time.Time{}
	if value.Kind() != jsontext.KindNull {
		session.Started, err = p.instant("sessionStartDateTime", value)
	}
	return err
}

func (p *page) decodeExpired(session *Session, value jsontext.Value) error {
	if value.Kind() != jsontext.KindTrue && value.Kind() != jsontext.KindFalse {
		return errors.New("sessionExpired is no boolean")
	}
	session.Expired = value.Kind() == jsontext.KindTrue
	p.hasExpired = true
	return nil
}

func (p *page) decodeDevice(session *Session, value jsontext.Value) error {
	session.DeviceID = nil
	switch value.Kind() {
	case jsontext.KindNull:
	case jsontext.KindString:
		session.DeviceID = p.unquote(value)
	default:
		return errors.New("deviceCorrelationId is no string")
	}
	return nil
}

func (p *page) decodeTTL(session *Session, value jsontext.Value) error {
	session.TTL = DefaultTTL
	if value.Kind() == jsontext.KindNull {
		return nil
	}
	seconds, err := strconv.ParseUint(string(value), 10, 32)
	if err != nil || seconds > uint64(maxTTL/time.Second) {
		return errors.New("authTokenTimeToLiveInSeconds is no number of seconds")
	}
	session.TTL = time.Duration(seconds) * time.Second
	return nil
}

// instant reads a date and time that must be there.
func (p *page) instant(field string, value jsontext.Value) (time.Time, error) {
	if value.Kind() != jsontext.KindString {
		return time.Time{}, errors.New(field + " is no string")
	}
	t, err := p.calendar.instant(p.unquote(value))
	if err != nil || t.IsZero() {
		return time.Time{}, errors.New(field + " is no date and time of RFC 3339")
	}
	return t, nil
}

// unquote gives the content of the JSON string that was just read, which stays good as long as the page does. Most stand
// in the body as they are. What is not UTF-8 becomes U+FFFD, which is the only error that a string the decoder has let
// through can have.
func (p *page) unquote(value jsontext.Value) []byte {
	end := int(p.decoder.InputOffset()) - 1
	plain := p.body[end-len(value)+2 : end : end]
	if bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain
	}
	from := len(p.strings)
	p.strings, _ = jsontext.AppendUnquote(p.strings, value)
	return p.strings[from:len(p.strings):len(p.strings)]
}

// syntaxError drops the text of the library's error, which can quote the body, and keeps what it is about.
func (p *page) syntaxError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w at byte %d", errNoJSON, p.decoder.InputOffset())
}
