package facetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// SetResultField puts raw JSON in place of a field of a session's own answer; "" takes the field away. The path names
// the fields from the outside, as in "result.response.body.livenessDecision". An answer without the object that the field
// belongs to stays as it is, and so does a page of the list.
func SetResultField(path, raw string) Fault {
	return newFault(path+" "+raw, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		c := capture(w, r, next)
		send(w, c.status, setField(c.body.Bytes(), strings.Split(path, "."), raw))
	}).OnSessions()
}

func setField(object []byte, path []string, raw string) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil {
		return object
	}
	name := path[0]
	switch inner, there := fields[name]; {
	case len(path) > 1 && !there:
		return object
	case len(path) > 1:
		fields[name] = setField(inner, path[1:], raw)
	case raw == "":
		delete(fields, name)
	default:
		fields[name] = json.RawMessage(raw)
	}
	return marshal(fields)
}

func marshal(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprint("facetest: a field is no JSON: ", err))
	}
	return encoded
}

// SessionAnswer is a form that the answer for one session may take.
type SessionAnswer struct {
	Name     string
	Fault    Fault  // for a session with the outcome RealFace, identical
	Outcome  string // what a client should take for its outcome: realface, spoofface, uncertain, failed, no_result, deleted, or other
	Verified bool   // whether the answer tells if the faces are identical
}

// SessionAnswers are the forms of a complete answer: as it should be, with fields missing, null or of another type, with
// values nobody knows, with an error in place of a decision, and deleted.
func SessionAnswers() []SessionAnswer {
	set := func(path, raw, outcome string, verified bool) SessionAnswer {
		fault := SetResultField(path, raw)
		return SessionAnswer{Name: strings.TrimSpace(fault.String()), Fault: fault, Outcome: outcome, Verified: verified}
	}
	const (
		response = "result.response"
		body     = response + ".body"
		decision = body + ".livenessDecision"
		verify   = body + ".verifyResult"
		refusal  = `{"error":{"code":"FaceNotFound","message":"No face was found."}}`
	)
	return []SessionAnswer{
		{Name: "complete", Outcome: "realface", Verified: true},
		set("status", `"NotStarted"`, "realface", true), // beside a result, as in the published examples
		set("status", `"Paused"`, "realface", true),
		set("status", "", "realface", true),
		set("status", `null`, "realface", true),
		set("result", "", "no_result", false),
		set("result", `null`, "no_result", false),
		set("result.id", `7`, "realface", true),
		set("result.sessionId", "", "realface", true),
		set("result.requestId", "", "realface", true),
		set("result.receivedDateTime", "", "realface", true),
		set("result.digest", "", "realface", true),
		set("result.request", "", "realface", true),
		set("result.unknown", `[{"livenessDecision":"spoofface"}]`, "realface", true),
		set(response, "", "failed", false),
		set(response, `{}`, "failed", false),
		set(response+".statusCode", "", "realface", true),
		set(response+".latencyInMilliseconds", "", "realface", true),
		set(response, `{"statusCode":400,"body":`+refusal+`}`, "failed", false),
		set(response, `{"statusCode":500}`, "failed", false),
		set(body, "", "failed", false),
		set(body, `{}`, "failed", false),
		set(decision, "", "failed", true),
		set(decision, `"spoofface"`, "spoofface", true),
		set(decision, `"uncertain"`, "uncertain", true),
		set(decision, `"maskface"`, "other", true),
		set(body+".modelVersionUsed", "", "realface", true),
		set(body+".target", "", "realface", true),
		set(verify, "", "realface", false),
		set(verify, `null`, "realface", false),
		set(verify+".isIdentical", "", "realface", false),
		set(verify+".matchConfidence", "", "realface", true),
		set(verify+".verifyImage", "", "realface", true),
		{Name: "deleted", Fault: StatusError(http.StatusNotFound, ShapeCode, "SessionNotFound", "Session is not found.").OnSessions(), Outcome: "deleted"},
	}
}
