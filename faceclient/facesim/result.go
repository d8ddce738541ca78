package facesim

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"
)

// Outcome is what the check of a session has come to.
type Outcome uint8

// The outcomes. No Session has Deleted: it stands for one that is not listed.
const (
	NoResult  Outcome = iota // none yet, or none ever
	RealFace                 // passed
	SpoofFace                // a photograph, a mask, a screen
	Uncertain                // the service could not decide
	Failed                   // the attempt ended with an error: a statusCode of 400 and above, and no decision
	Deleted
)

// String is the decision as the service writes it, and a word if there is none.
func (o Outcome) String() string {
	return [...]string{"no result", "realface", "spoofface", "uncertain", "failed", "deleted"}[o]
}

// The models that an attempt names as modelVersionUsed.
const (
	firstModel = "2024-11-15"
	nextModel  = "2025-05-20"
)

// appendSession writes the answer for one session: its item of the list, a status, and a result if there is one.
func (s *Session) appendSession(b []byte, now time.Time, op string) []byte {
	b = s.appendItem(b, now)
	b = b[:len(b)-1]
	switch {
	case s.Outcome != NoResult && !now.Before(s.Finished):
		b = append(b, `,"status":"ResultAvailable",`...)
		b = s.appendResult(b, op)
	case s.HasStarted():
		b = append(b, `,"status":"Started"`...)
	default:
		b = append(b, `,"status":"NotStarted"`...)
	}
	return append(b, '}')
}

// appendResult writes the result of the latest attempt as it was recorded. The body of a failed attempt was never seen; an error body
// is likely.
func (s *Session) appendResult(b []byte, op string) []byte {
	name := fnv.New64a()
	_, _ = name.Write([]byte(s.ID))
	random := rand.New(rand.NewPCG(name.Sum64(), 0)) // the same at each look-up
	b = append(b, `"result":{"id":1,"sessionId":"`...)
	b = s.appendText(b, s.ID)
	b = fmt.Appendf(b, `","requestId":"%08x-0000-4000-8000-%012x","receivedDateTime":"`, random.Uint32(), random.Uint64()>>16)
	b = appendTime(b, s.Finished)
	b = fmt.Appendf(b, `","digest":"%016X%016X%016X%016X",`, random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64())
	b = fmt.Appendf(b, `"request":{"url":"/face/v1.2-preview.1/%s/singleModal","method":"POST","contentLength":%d,`+
		`"contentType":"multipart/form-data; boundary=x","userAgent":"sim/1.0"},`, op, 300_000+random.IntN(200_000))
	status, body := 200, ""
	if s.Outcome == Failed {
		status, body = 400, errorBody(cmp.Or(s.Reason, "FaceNotFound"), "The face could not be checked.")
	} else {
		body = s.body(op)
	}
	latency := cmp.Or(s.Latency, time.Second)
	return fmt.Appendf(b, `"response":{"statusCode":%d,"latencyInMilliseconds":%d,"body":%s}}`, status, latency.Milliseconds(), body)
}

func (s *Session) body(op string) string {
	const rectangle = `"faceRectangle":{"top":59,"left":121,"width":409,"height":395}`
	var body strings.Builder
	fmt.Fprintf(&body, `{"livenessDecision":"%s","modelVersionUsed":"%s","target":{%s,`+
		`"fileName":"content","timeOffsetWithinFile":0,"imageType":"Color"}`, s.Outcome, cmp.Or(s.Model, firstModel), rectangle)
	if op == DetectLivenessWithVerify {
		confidence := 0.12
		if s.Identical {
			confidence = 0.93
		}
		fmt.Fprintf(&body, `,"verifyResult":{"matchConfidence":%v,"isIdentical":%t,"verifyImage":{%s,"qualityForRecognition":"high"}}`,
			confidence, s.Identical, rectangle)
	}
	body.WriteByte('}')
	return body.String()
}
