package facetest_test

import (
	"encoding/json"
	"io"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestSessionAnswersAreAllDifferentAndJSON(t *testing.T) {
	names, bodies := make(map[string]bool), make(map[string]string)
	for _, form := range facetest.SessionAnswers() {
		srv := facesim.New(facesim.Options{Now: noon})
		srv.Add(facesim.DetectLivenessWithVerify, facesim.Session{ID: "a", Created: noon(), Started: noon(), Outcome: facesim.RealFace, Identical: true})
		srv.Fail(form.Fault)
		r := newRequest(t, "/a")
		r.URL.Path = "/face/v1.2-preview.1/detectLivenessWithVerify/singleModal/sessions/a"
		resp := send(srv, r)
		body, err := io.ReadAll(resp.Body)
		if err != nil || !json.Valid(body) {
			t.Fatalf("%s: %v: %s", form.Name, err, body)
		}
		if names[form.Name] {
			t.Errorf("%s comes twice", form.Name)
		}
		names[form.Name] = true
		var object any
		if err := json.Unmarshal(body, &object); err != nil {
			t.Fatal(err)
		}
		canonical, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if other, seen := bodies[string(canonical)]; seen {
			t.Errorf("%s is the answer of %s: %s", form.Name, other, body)
		}
		bodies[string(canonical)] = form.Name
	}
}
