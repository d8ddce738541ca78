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
	NoResult  Outcome = iota // none yet, or none for good
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
	now := s.tick().UnixNano()
	r, listed := s.store(op).get(now, id)
	if !listed {
		return Deleted
	}
	return r.outcomeAt(now)
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

func (r *record) outcomeAt(now int64) Outcome {
	if now < r.finished {
		return NoResult
	}
	return r.outcome
}

// Shares of the started sessions that are not spoofs. The others pass.
const (
	uncertainShare = 0.03
	failedShare    = 0.04
	noResultShare  = 0.04

	identicalShare = 0.97 // of those that pass or are uncertain
)

// result is what becomes of a session that was started.
type result struct {
	outcome   Outcome
	finished  time.Time
	identical bool
}

// drawResult has random numbers of the session's own, so that a change of the shares changes no other session.
func drawResult(seed uint64, id string, started, expires time.Time, spoofShare float64) result {
	random := rand.New(rand.NewPCG(seed, hash(id)))
	spoof, part := random.Float64() < spoofShare, random.Float64()
	drawn := result{
		outcome:   RealFace,
		finished:  started.Add(logNormal(random, 8*time.Second, 0.5)),
		identical: !spoof && random.Float64() < identicalShare,
	}
	switch {
	case !drawn.finished.Before(expires):
		return result{}
	case spoof:
		drawn.outcome = SpoofFace
	case part < uncertainShare:
		drawn.outcome = Uncertain
	case part < uncertainShare+failedShare:
		drawn.outcome = Failed
	case part < uncertainShare+failedShare+noResultShare:
		return result{}
	}
	return drawn
}

// appendSession writes the answer for one session: its item of the list, a status and a result where there is one.
func (r *record) appendSession(b []byte, now int64, op string) []byte {
	b = r.appendItem(b, now)
	b = b[:len(b)-1]
	switch {
	case r.outcomeAt(now) != NoResult:
		b = append(b, `,"status":"ResultAvailable",`...)
		b = r.appendResult(b, op)
	case r.started != notStarted:
		b = append(b, `,"status":"Started"`...)
	default:
		b = append(b, `,"status":"NotStarted"`...)
	}
	return append(b, '}')
}

const faceRectangle = `"faceRectangle":{"top":59,"left":121,"width":409,"height":395}`

// appendResult writes the result of the latest attempt as it was recorded. The body of a failed attempt was never seen; an
// error body is likely.
func (r *record) appendResult(b []byte, op string) []byte {
	random := rand.New(rand.NewPCG(hash(r.id), 2))
	b = append(b, `"result":{"id":1,"sessionId":"`...)
	b = appendText(b, r.id, r.flags.has(escapeID))
	b = fmt.Appendf(b, `","requestId":"%s","receivedDateTime":"`, newUUID(random))
	b = r.appendTime(b, r.finished)
	b = fmt.Appendf(b, `","digest":"%016X%016X%016X%016X",`, random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64())
	b = fmt.Appendf(b, `"request":{"url":"/face/v1.2-preview.1/%s/singleModal","method":"POST","contentLength":%d,`+
		`"contentType":"multipart/form-data; boundary=x","userAgent":"sim/1.0"},`, op, 300_000+random.IntN(200_000))
	status, body := 200, `{"error":{"code":"FaceNotFound","message":"No face was found."}}`
	if r.outcome == Failed {
		status = 400
	} else {
		body = r.body(op)
	}
	return fmt.Appendf(b, `"response":{"statusCode":%d,"latencyInMilliseconds":%d,"body":%s}}`, status, 700+random.IntN(900), body)
}

func (r *record) body(op string) string {
	var body strings.Builder
	fmt.Fprintf(&body, `{"livenessDecision":"%s","modelVersionUsed":"2024-11-15","target":{%s,`+
		`"fileName":"content","timeOffsetWithinFile":0,"imageType":"Color"}`, r.outcome, faceRectangle)
	if op == DetectLivenessWithVerify {
		identical := r.flags.has(identical)
		confidence := 0.12
		if identical {
			confidence = 0.93
		}
		fmt.Fprintf(&body, `,"verifyResult":{"matchConfidence":%v,"isIdentical":%t,"verifyImage":{%s,"qualityForRecognition":"high"}}`,
			confidence, identical, faceRectangle)
	}
	body.WriteByte('}')
	return body.String()
}
