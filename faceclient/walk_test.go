package faceclient_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"face_liveness_exporter/faceclient/facesim"
	"face_liveness_exporter/faceclient/facetest"
)

func TestEveryWayToWriteASessionIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, 0, func(o *options) { o.PageSize = 100 })
		created := time.Now().Add(-time.Hour).Add(123_456_789)
		var truth []facesim.Session
		for order := range uint8(42) {
			for digits := range uint8(10) {
				for flags := range 32 {
					if flags != int(order+digits)%32 && digits != order%10 {
						continue // each combination of flags comes with some orders and digits
					}
					session := facesim.Session{
						ID: fmt.Sprintf("%02d-%d-%02d", order, digits, flags), Created: created,
						Wire: facesim.Wire{
							Zulu: flags&1 != 0, NullStart: flags&2 != 0, EmptyDevice: flags&4 != 0,
							NullDevice: flags&4 == 0 && flags&8 != 0, Extra: flags&16 != 0,
							Digits: digits, Order: order,
						},
					}
					if flags%3 == 0 {
						session.Started, session.TTL = created.Add(9*time.Second), 86400*time.Second
					}
					if flags%5 == 0 {
						session.DeviceID = "device"
					}
					truth = append(truth, session)
				}
			}
		}
		for i, odd := range []string{`"`, `\`, `a"b\c`, "tab\t", "é", "日本語", "\U0001f600", "with space", "a&b=c#d+e%20/f?", strings.Repeat("é", 64)} {
			truth = append(truth, facesim.Session{ID: odd, DeviceID: odd + strconv.Itoa(i), Created: created})
		}
		r.server.Add(facesim.DetectLiveness, truth...)
		walk, visited, err := r.walk()
		r.finds(walk, visited, err)
		if len(visited.sessions) != len(truth) {
			t.Errorf("%d sessions, want %d", len(visited.sessions), len(truth))
		}
	})
}

func TestHorizonIsTheServicesClockWhenTheFirstRequestWasSent(t *testing.T) {
	for _, test := range []struct {
		name   string
		faults []facesim.Fault
		off    time.Duration
	}{
		{"clocks agree", nil, 0},
		{"a slow answer", []facesim.Fault{facetest.Delay(7 * time.Second)}, 0},
		{"the service is an hour ahead", []facesim.Fault{facesim.SkewDate(time.Hour)}, time.Hour},
		{"the service is behind, and slow", []facesim.Fault{facesim.SkewDate(-time.Hour), facetest.Delay(5 * time.Second)}, -time.Hour},
		{"no Date", []facesim.Fault{facesim.NoDate(), facetest.Delay(3 * time.Second)}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			inRig(t, 1500, nil, func(t *testing.T, r *rig) {
				r.server.Fail(test.faults...)
				began := time.Now()
				walk, visited, err := r.walk()
				if err != nil {
					t.Fatal(err)
				}
				want := began.Add(test.off)
				// Date has whole seconds and is cut down, never up.
				if late := walk.Horizon.Sub(want); late > 0 || late < -time.Second {
					t.Errorf("horizon %v from the moment of sending", late)
				}
				for _, batch := range visited.batches {
					if !batch.Horizon.Equal(walk.Horizon) {
						t.Errorf("a batch has horizon %v, the walk %v", batch.Horizon, walk.Horizon)
					}
					if batch.Date.Before(walk.Horizon) || batch.Date.After(time.Now().Add(test.off)) {
						t.Errorf("a batch of %v in a walk from %v", batch.Date, walk.Horizon)
					}
				}
			})
		})
	}
}
