package collector_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// pageOf is a page of 1,000 sessions of so many devices, at random.
func pageOf(distinct int) []faceclient.Session {
	random := rand.New(rand.NewPCG(7, 8))
	sessions := created(1000)
	for i := range sessions {
		session := &sessions[i]
		if distinct > 0 {
			session.DeviceID = fmt.Appendf(nil, "7f0b1c6e-0a38-4d4e-9a5f-%012x", random.IntN(distinct))
		}
		session.Created = session.Created.Add(-time.Duration(random.Int64N(int64(48 * time.Hour))))
		if session.Expired = random.IntN(10) > 0; random.IntN(3) > 0 {
			session.Started = session.Created.Add(time.Duration(random.Int64N(int64(time.Minute))))
		}
	}
	return sessions
}

// BenchmarkTally counts pages of 1,000 sessions in one long walk. Sessions without a device are the baseline.
func BenchmarkTally(b *testing.B) {
	for _, distinct := range []int{0, 10, 1000} {
		b.Run(fmt.Sprintf("devices=%d", distinct), func(b *testing.B) {
			batch := facelist.Batch{Sessions: pageOf(distinct), Date: time.Now()}
			target := newTarget(walks(func(_ context.Context, _ int, visitor facelist.Visitor) (facelist.Result, error) {
				pages := 0
				for b.Loop() {
					visitor.Visit(batch)
					pages++
				}
				return whole(pages), nil
			}))
			b.ReportAllocs()
			run(b, target)
			collector.EnsureFresh(context.Background(), target)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/session")
		})
	}
}
