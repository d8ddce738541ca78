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

// maxIDLength is the longest id that the service takes as a start.
const maxIDLength = 64

// maxTTL only keeps arithmetic on odd answers from overflowing; the reference's bound is a day.
const maxTTL = 366 * 24 * time.Hour

// invalid is the error of an answer that is no list of sessions.
func invalid(detail Detail) error { return &Error{Code: CodeInvalidResponse, Detail: detail} }

// Page is the room for one answer: its bytes and what they decode to. Pages are reused, so that a walk needs as many as
// it has requests in flight, however long the list is. The zero value is ready for use.
type Page struct {
	// Sessions are in the order of the answer. They are good until the page is used again.
	Sessions []Session
	// Date is the service's clock when it answered (the Date header, in whole seconds), or this machine's clock where the
	// header is missing.
	Date time.Time
	// RoundTrip is the time from sending the attempt that brought the page to the header of its answer, 0 or more.
	RoundTrip time.Duration

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
		return invalid(DetailTooLarge)
	}
	return p.decode()
}

// decode fills Sessions from body. The error is an *Error.
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
		return invalid(DetailMoreAfter)
	}
	return nil
}

func (p *Page) decodeList() error {
	opening, err := p.decoder.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	if opening.Kind() != jsontext.KindBeginArray {
		return invalid(DetailNoList)
	}
	for p.decoder.PeekKind() != jsontext.KindEndArray {
		p.Sessions = append(p.Sessions, Session{TTL: DefaultTTL})
		if err := p.decodeSession(&p.Sessions[len(p.Sessions)-1]); err != nil {
			return err
		}
	}
	_, err = p.decoder.ReadToken()
	return syntaxError(err)
}

func (p *Page) decodeSession(session *Session) error {
	opening, err := p.decoder.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	if opening.Kind() != jsontext.KindBeginObject {
		return invalid(DetailNoObject)
	}
	p.hasExpired = false
	for p.decoder.PeekKind() != jsontext.KindEndObject {
		name, err := p.decoder.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		field := fieldOf(name)
		if field == nil {
			if err := p.decoder.SkipValue(); err != nil {
				return syntaxError(err)
			}
			continue
		}
		value, err := p.decoder.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		if err := field(p, session, value); err != nil {
			return err
		}
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return syntaxError(err)
	}
	if len(session.ID) == 0 || session.Created.IsZero() || !p.hasExpired {
		return invalid(DetailFieldMissing)
	}
	return nil
}

// fieldOf returns the decoder of a field by its quoted name, nil for a field that we do not know.
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
		return invalid(DetailBadID)
	}
	session.ID = p.unquote(value)
	if utf8.RuneCount(session.ID) > maxIDLength {
		return &Error{Code: CodePagination, Detail: DetailLongID}
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
		return invalid(DetailBadExpired)
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
		return invalid(DetailBadDevice)
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
		return invalid(DetailBadTTL)
	}
	session.TTL = time.Duration(seconds) * time.Second
	return nil
}

// instant reads a date and time that must be there. Otherwise says what is wrong where it is none.
func (p *Page) instant(otherwise Detail, value jsontext.Value) (time.Time, error) {
	if value.Kind() != jsontext.KindString {
		return time.Time{}, invalid(otherwise)
	}
	t, err := p.calendar.instant(p.unquote(value))
	if err != nil || t.IsZero() {
		return time.Time{}, invalid(otherwise)
	}
	return t, nil
}

// unquote returns the content of the JSON string that was just read, which stays good as long as the page does. Most stand
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

// syntaxError drops the library's error, whose text can quote the body, and keeps what it is about.
func syntaxError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Code: CodeConnection, Detail: DetailEndsEarly, cause: io.ErrUnexpectedEOF}
	}
	return invalid(DetailNoJSON)
}
