package facesim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Outcome is what the check of a session has come to.
type Outcome uint8

// The outcomes. No Session has Deleted: it is what [Server.Outcome] says of one that is not listed.
const (
	NoResult  Outcome = iota // none yet, or none ever
	RealFace                 // passed
	SpoofFace                // a photograph, a mask, a screen
	Uncertain                // the service could not decide
	Failed                   // the attempt ended with an error: a statusCode of 400 and above, and no decision
	Deleted
)

// String is the decision as the service writes it, and a word where there is none.
func (o Outcome) String() string {
	return [...]string{"no result", "realface", "spoofface", "uncertain", "failed", "deleted"}[o]
}

// Outcome is what the answer for one session says now.
func (s *Server) Outcome(op, id string) Outcome {
	now := s.tick()
	session, listed := s.store(op).get(now, id)
	if !listed {
		return Deleted
	}
	return session.outcomeAt(now)
}

// LookUps is how often each session was asked for, as far as [Server.Requests] reaches back.
func (s *Server) LookUps(op string) map[string]int {
	count := make(map[string]int)
	for _, r := range s.Requests() {
		if r.Operation == op && r.Session != "" {
			count[r.Session]++
		}
	}
	return count
}

func (s *Session) outcomeAt(now time.Time) Outcome {
	if now.Before(s.Finished) {
		return NoResult
	}
	return s.Outcome
}

// Shares of the started sessions: first of all, then of those that are not spoofs. The others pass.
const (
	spoofShare = 0.04

	uncertainShare = 0.03
	failedShare    = 0.04
	noResultShare  = 0.04

	identicalShare = 0.97 // of those that pass or are uncertain
)

// drawResult decides what becomes of a session that is started then. It has random numbers of the session's own, so that a
// change of the shares changes no other session. The source only saves memory.
func (s *Session) drawResult(source *rand.PCG, seed uint64, started time.Time) {
	source.Seed(seed, hash(s.ID))
	random := rand.New(source)
	spoof, part := random.Float64() < spoofShare, random.Float64()
	finished := started.Add(logNormal(random, 8*time.Second, 0.5))
	outcome := RealFace
	switch {
	case !finished.Before(s.Expires()):
		return
	case spoof:
		outcome = SpoofFace
	case part < uncertainShare:
		outcome = Uncertain
	case part < uncertainShare+failedShare:
		outcome = Failed
	case part < uncertainShare+failedShare+noResultShare:
		return
	}
	s.Outcome, s.Finished = outcome, finished.Truncate(s.Wire.precision())
	s.Identical = !spoof && random.Float64() < identicalShare
}

// appendSession writes the answer for one session: its item of the list, a status and a result where there is one.
func (s *Session) appendSession(b []byte, now time.Time, op string) []byte {
	b = s.appendItem(b, now)
	b = b[:len(b)-1]
	switch {
	case s.outcomeAt(now) != NoResult:
		b = append(b, `,"status":"ResultAvailable",`...)
		b = s.appendResult(b, op)
	case s.HasStarted():
		b = append(b, `,"status":"Started"`...)
	default:
		b = append(b, `,"status":"NotStarted"`...)
	}
	return append(b, '}')
}

const faceRectangle = `"faceRectangle":{"top":59,"left":121,"width":409,"height":395}`

// appendResult writes the result of the latest attempt as it was recorded. The body of a failed attempt was never seen; an
// error body is likely.
func (s *Session) appendResult(b []byte, op string) []byte {
	random := rand.New(rand.NewPCG(hash(s.ID), 2))
	b = append(b, `"result":{"id":1,"sessionId":"`...)
	b = s.appendText(b, s.ID)
	b = fmt.Appendf(b, `","requestId":"%s","receivedDateTime":"`, newUUID(random))
	b = s.Wire.appendTime(b, s.Finished)
	b = fmt.Appendf(b, `","digest":"%016X%016X%016X%016X",`, random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64())
	b = fmt.Appendf(b, `"request":{"url":"/face/v1.2-preview.1/%s/singleModal","method":"POST","contentLength":%d,`+
		`"contentType":"multipart/form-data; boundary=x","userAgent":"sim/1.0"},`, op, 300_000+random.IntN(200_000))
	status, body := 200, `{"error":{"code":"FaceNotFound","message":"No face was found."}}`
	if s.Outcome == Failed {
		status = 400
	} else {
		body = s.body(op)
	}
	return fmt.Appendf(b, `"response":{"statusCode":%d,"latencyInMilliseconds":%d,"body":%s}}`, status, 700+random.IntN(900), body)
}

func (s *Session) body(op string) string {
	var body strings.Builder
	fmt.Fprintf(&body, `{"livenessDecision":"%s","modelVersionUsed":"2024-11-15","target":{%s,`+
		`"fileName":"content","timeOffsetWithinFile":0,"imageType":"Color"}`, s.Outcome, faceRectangle)
	if op == DetectLivenessWithVerify {
		confidence := 0.12
		if s.Identical {
			confidence = 0.93
		}
		fmt.Fprintf(&body, `,"verifyResult":{"matchConfidence":%v,"isIdentical":%t,"verifyImage":{%s,"qualityForRecognition":"high"}}`,
			confidence, s.Identical, faceRectangle)
	}
	body.WriteByte('}')
	return body.String()
}
