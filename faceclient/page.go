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

// shapeError says what is wrong with JSON that is no list of sessions.
type shapeError struct{ detail Detail }

func (e shapeError) Error() string { return string(e.detail) }

// Page is the room for one answer: its bytes and what they decode to. Pages are reused, so that a walk needs as many as
// it has requests in flight, however long the list is. The zero value is ready for use.
type Page struct {
	// Sessions are in the order of the answer. They are good until the page is used again.
	Sessions []Session
	// Date is the service's clock when it answered (the Date header, in whole seconds), or this machine's clock where the
	// header is missing.
	Date time.Time

	body     []byte
	strings  []byte // ids that do not stand in the body as they are
	decoder  *jsontext.Decoder
	calendar calendar

	hasExpired bool // of the session that is being decoded
}

// read reads a body of at most so many bytes to its end and decodes it. The error is an *Error where the body is at fault;
// else it is that of the reader.
func (p *Page) read(body io.Reader, limit int) error {
	buffer := bytes.NewBuffer(p.body[:0])
	_, err := buffer.ReadFrom(io.LimitReader(body, int64(limit)+1))
	p.body = buffer.Bytes()
	switch {
	case err != nil:
		return err
	case buffer.Len() > limit:
		return &Error{Code: CodeInvalidResponse, Detail: DetailTooLarge}
	}
	err = p.decode()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Code: CodeConnection, Detail: DetailEndsEarly, cause: err}
	case errors.Is(err, errIDTooLong):
		return &Error{Code: CodePagination, Detail: DetailLongID, cause: err}
	case errors.Is(err, errNoJSON):
		return &Error{Code: CodeInvalidResponse, Detail: DetailNoJSON, cause: err}
	}
	shape, _ := errors.AsType[shapeError](err)
	return &Error{Code: CodeInvalidResponse, Detail: shape.detail, cause: err}
}

// decode fills Sessions from body. The error wraps io.ErrUnexpectedEOF where the JSON ends early, errNoJSON where it is none,
// errIDTooLong where an id is no cursor; it never quotes the body.
func (p *Page) decode() error {
	p.Sessions = p.Sessions[:0]
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
		return shapeError{DetailMoreAfter}
	}
	return nil
}

func (p *Page) decodeList() error {
	opening, err := p.decoder.ReadToken()
	if err != nil {
		return p.syntaxError(err)
	}
	if opening.Kind() != jsontext.KindBeginArray {
		return shapeError{DetailNoList}
	}
	for p.decoder.PeekKind() != jsontext.KindEndArray {
		p.Sessions = append(p.Sessions, Session{TTL: DefaultTTL})
		if err := p.decodeSession(&p.Sessions[len(p.Sessions)-1]); err != nil {
			return fmt.Errorf("item %d: %w", len(p.Sessions)-1, err)
		}
	}
	_, err = p.decoder.ReadToken()
	return p.syntaxError(err)
}

func (p *Page) decodeSession(session *Session) error {
	opening, err := p.decoder.ReadToken()
	if err != nil {
		return p.syntaxError(err)
	}
	if opening.Kind() != jsontext.KindBeginObject {
		return shapeError{DetailNoObject}
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
		return shapeError{DetailFieldMissing}
	}
	return nil
}

// fieldOf gives the decoder of a field by its quoted name, nil for a field that we do not know.
func fieldOf(name jsontext.Value) func(*Page, *Session, jsontext.Value) error {
	switch string(name) {
	case `"id"`:
		return (*Page).decodeID
	case `"createdDateTime"`:
		return (*Page).decodeCreated
	case `"sessionStartDateTime"`:
		return (*Page).decodeStarted
	case `"sessionExpired"`:
		return (*Page).decodeExpired
	case `"deviceCorrelationId"`:
		return (*Page).decodeDevice
	case `"authTokenTimeToLiveInSeconds"`:
		return (*Page).decodeTTL
	}
	if bytes.IndexByte(name, '\\') >= 0 {
		plain, _ := jsontext.AppendUnquote([]byte{'"'}, name)
		if plain = append(plain, '"'); bytes.IndexByte(plain, '\\') < 0 {
			return fieldOf(plain)
		}
	}
	return nil
}

func (p *Page) decodeID(session *Session, value jsontext.Value) error {
	if value.Kind() != jsontext.KindString {
		return shapeError{DetailBadID}
	}
	session.ID = p.unquote(value)
	if utf8.RuneCount(session.ID) > maxIDLength {
		return errIDTooLong
	}
	return nil
}

func (p *Page) decodeCreated(session *Session, value jsontext.Value) (err error) {
	session.Created, err = p.instant(DetailBadCreated, value)
	return err
}

func (p *Page) decodeStarted(session *Session, value jsontext.Value) (err error) {
	session.Started = time.Time{}
	if value.Kind() != jsontext.KindNull {
		session.Started, err = p.instant(DetailBadStarted, value)
	}
	return err
}

func (p *Page) decodeExpired(session *Session, value jsontext.Value) error {
	if value.Kind() != jsontext.KindTrue && value.Kind() != jsontext.KindFalse {
		return shapeError{DetailBadExpired}
	}
	session.Expired = value.Kind() == jsontext.KindTrue
	p.hasExpired = true
	return nil
}

func (p *Page) decodeDevice(session *Session, value jsontext.Value) error {
	session.DeviceID = nil
	switch value.Kind() {
	case jsontext.KindNull:
	case jsontext.KindString:
		session.DeviceID = p.unquote(value)
	default:
		return shapeError{DetailBadDevice}
	}
	return nil
}

func (p *Page) decodeTTL(session *Session, value jsontext.Value) error {
	session.TTL = DefaultTTL
	if value.Kind() == jsontext.KindNull {
		return nil
	}
	seconds, err := strconv.ParseUint(string(value), 10, 32)
	if err != nil || seconds > uint64(maxTTL/time.Second) {
		return shapeError{DetailBadTTL}
	}
	session.TTL = time.Duration(seconds) * time.Second
	return nil
}

// instant reads a date and time that must be there. Otherwise says what is wrong where it is none.
func (p *Page) instant(otherwise Detail, value jsontext.Value) (time.Time, error) {
	if value.Kind() != jsontext.KindString {
		return time.Time{}, shapeError{otherwise}
	}
	t, err := p.calendar.instant(p.unquote(value))
	if err != nil || t.IsZero() {
		return time.Time{}, shapeError{otherwise}
	}
	return t, nil
}

// unquote gives the content of the JSON string that was just read, which stays good as long as the page does. Most stand
// in the body as they are. What is not UTF-8 becomes U+FFFD, which is the only error that a string the decoder has let
// through can have.
func (p *Page) unquote(value jsontext.Value) []byte {
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
func (p *Page) syntaxError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w at byte %d", errNoJSON, p.decoder.InputOffset())
}
