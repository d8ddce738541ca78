package facesim

import (
	"encoding/json"
	"net/http"
)

// apiError is an error of the service, before it is an answer.
type apiError struct {
	status        int // 0: no error
	code, message string
}

func badArgument(message string) apiError {
	return apiError{http.StatusBadRequest, "BadArgument", message}
}

func (s *Server) refuse(w http.ResponseWriter, e apiError) {
	w.Header().Set("X-Ms-Error-Code", e.code)
	w.Header().Set("Content-Type", "application/json")
	s.send(w, e.status, []byte(errorBody(e.code, e.message)))
}

// errorBody is the form of an error that most answers have.
func errorBody(code, message string) string {
	body, err := json.Marshal(map[string]any{"error": map[string]string{"code": code, "message": message}})
	if err != nil {
		panic(err) // two strings
	}
	return string(body)
}
