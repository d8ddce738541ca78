package facetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
)

// billingUsage is the value of CSP-Billing-Usage on a billed answer.
const billingUsage = "CognitiveServices.Face.Transaction=1"

// capture lets the rest of the chain answer without compression into memory, so that a fault can change the answer. The header is
// taken over already, but for its length.
func capture(w http.ResponseWriter, r *http.Request, next http.Handler) *httptest.ResponseRecorder {
	r = r.Clone(r.Context())
	r.Header.Del("Accept-Encoding")
	recorder := httptest.NewRecorder()
	next.ServeHTTP(recorder, r)
	recorder.Header().Del("Content-Length")
	maps.Copy(w.Header(), recorder.Header())
	return recorder
}

// send writes a whole answer. A failed write means that the client has left; net/http ends the request then.
func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func marshal(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprint("facetest: no JSON: ", err))
	}
	return encoded
}
