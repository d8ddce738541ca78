package tool_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facesim"
)

// The client and the simulated service each know the API on their own. This compares what they know.
func TestClientAndSimulatorKnowTheSameAPI(t *testing.T) {
	t.Parallel()
	operations := []string{facesim.DetectLiveness, facesim.DetectLivenessWithVerify}
	if got := faceclient.Operations(); !slices.EqualFunc(got, operations, func(a faceclient.Operation, b string) bool { return string(a) == b }) {
		t.Errorf("the client has the operations %v, the service %v", got, operations)
	}
	if got, want := faceclient.APIVersions(), facesim.Versions(); !slices.Equal(got, want) {
		t.Errorf("the client has the versions %v, the service %v", got, want)
	}
	if faceclient.DefaultTTL != facesim.DefaultTTL {
		t.Errorf("a session without a TTL lives %v for the client, %v for the service", faceclient.DefaultTTL, facesim.DefaultTTL)
	}
	service := facesim.New(facesim.Options{})
	t.Cleanup(service.Close)
	for _, version := range faceclient.APIVersions() {
		for _, operation := range faceclient.Operations() {
			r := httptest.NewRequest(http.MethodGet, "/face/"+version+"/"+string(operation)+"/singleModal/sessions", nil)
			r.Header.Set("Ocp-Apim-Subscription-Key", service.Key())
			w := httptest.NewRecorder()
			service.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("%s %s: status %d", version, operation, w.Code)
			}
		}
	}
}
