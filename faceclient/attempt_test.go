package faceclient_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facetest"
)

func TestEveryAttemptIsObserved(t *testing.T) {
	inRig(t, 1500, func(o *options) { o.MaxRetries = 4 }, func(t *testing.T, r *rig) {
		r.server.Fail(
			facetest.Delay(2*time.Second),
			facetest.Status(500, "").Times(1),
			facetest.RateLimited(10*time.Second).After(1).Times(1),
			facetest.TruncatedJSON().After(2).Times(1), // of an answer that is billed
		)
		r.listsAll()
		if got, want := r.seen.codes(), []string{"500", "429", "connection", "", "", ""}; !slices.Equal(got, want) {
			t.Errorf("codes %q, want %q", got, want)
		}
		if r.seen.retries != 3 || len(r.seen.waits) != 6 {
			t.Errorf("%d retries, %d waits; want 3, 6", r.seen.retries, len(r.seen.waits))
		}
		billed, statuses := 0.0, []int{}
		for _, attempt := range r.seen.attempts {
			billed += attempt.Billed
			statuses = append(statuses, attempt.Status)
			if attempt.Operation != faceclient.DetectLiveness || attempt.Duration != 2*time.Second {
				t.Errorf("observed %+v, want an attempt of 2s", attempt)
			}
		}
		if !slices.Equal(statuses, []int{500, 429, 200, 200, 200, 200}) {
			t.Errorf("statuses %v", statuses)
		}
		if want := r.server.Counts(facetest.DetectLiveness).Billed; billed != float64(want) || want != 4 {
			t.Errorf("%v transactions, the service billed %d, want 4", billed, want)
		}
		if got := r.seen.throttled(); got < 10*time.Second || got > 11*time.Second {
			t.Errorf("throttled for %v, want 10 to 11 s", got)
		}
	})
}

// An attempt is one line of the log, without a query.
func TestEveryAttemptIsLogged(t *testing.T) {
	var log bytes.Buffer
	inRig(t, 10, func(o *options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, func(_ *testing.T, r *rig) {
		r.server.Fail(facetest.Status(503, "").Times(1), facetest.Status(203, "[]").After(1).Times(2))
		_, _ = r.list()
		_, _ = r.list()
	})
	for text, times := range map[string]int{
		`level=DEBUG msg="API request"`: 3, "host=contoso.cognitiveservices.azure.com": 3, "operation=detectLiveness": 3, "apim_request_id=": 3,
		"client_request_id=": 3, "status=503": 1, "error_code=503": 1, "status=203": 2, "sessions": 0,
	} {
		if got := strings.Count(log.String(), text); got != times {
			t.Errorf("%s comes %d times, want %d:\n%s", text, got, times, log.String())
		}
	}
}

// When a kept connection breaks, Go's transport sends a request again by itself. That is an attempt like any other: what is
// observed is what arrives, and no faster than it may.
func TestWhatTheTransportRepeatsIsObserved(t *testing.T) {
	inRig(t, 1000, func(o *options) { o.MaxRequestsPerSecond, o.Top = 10, 100 }, func(t *testing.T, r *rig) {
		r.server.Fail(facetest.Reset().After(2).Times(1), facetest.Reset().After(6).Times(1))
		began := time.Now()
		if l := r.listsAll(); r.requests() != 13 || l.attempts != 13 || r.seen.retries != 2 {
			t.Errorf("%d requests, %d attempts, %d retries; want 13, 13, 2", r.requests(), l.attempts, r.seen.retries)
		}
		if got := slices.DeleteFunc(r.seen.codes(), func(code string) bool { return code == "" }); len(r.seen.attempts) != 13 || !slices.Equal(got, []string{"connection", "connection"}) {
			t.Errorf("%d attempts observed, errors %q", len(r.seen.attempts), got)
		}
		if took := time.Since(began); (took - 1200*time.Millisecond).Abs() > time.Millisecond {
			t.Errorf("took %v, want 1.2s", took)
		}
	})
}

// A request that is given up while it connects has sent nothing.
func TestWhatWasNotSentIsNotObserved(t *testing.T) {
	inRig(t, 10, func(o *options) {
		o.Transport.(*http.Transport).DialTLSContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
	}, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		l, err := list(ctx, r.client, faceclient.DetectLiveness, 10)
		if faceclient.Code(err) != faceclient.CodeCanceled || l.attempts != 0 || len(r.seen.attempts) != 0 {
			t.Errorf("%v, %d attempts, observed %v", err, l.attempts, r.seen.attempts)
		}
	})
}

func TestBilling(t *testing.T) {
	for header, want := range map[string]float64{
		"":                                       0,
		"CognitiveServices.Face.Transaction=1":   1,
		"CognitiveServices.Face.Transaction=2.5": 2.5,
		"CognitiveServices.Face.Transaction=1, CognitiveServices.Face.Other=2": 3,
		"CognitiveServices.Face.Transaction":                                   0,
		"X=-3":                                                                 0,
		"X=NaN":                                                                0,
		"X=Inf":                                                                0,
		"X=0x10":                                                               0,
		"X=1e3":                                                                0,
		"X=1_000":                                                              0,
		"X=" + strings.Repeat("9", 400):                                        0,
		"X=999999999, X=999999999":                                             1000,
	} {
		inRig(t, 0, nil, func(t *testing.T, r *rig) {
			r.server.Fail(facetest.Status(200, "[]").Header("CSP-Billing-Usage", header))
			r.listsAll()
			if got := r.seen.attempts[0].Billed; got != want {
				t.Errorf("%.99q bills %v, want %v", header, got, want)
			}
		})
	}
}
