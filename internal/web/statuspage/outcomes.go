package statuspage

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/words"
)

// confidence is how many standard errors a range reaches to both sides: 95 of 100 such ranges hold the truth.
const confidence = 1.96

// topReasons is how many of the reasons of failures a card has room for.
const topReasons = 3

// Shares are those of the outcomes since the start, with their ranges; "" if no session was looked up.
func (c *card) Shares() string {
	looked := float64(c.Outcomes.Looked())
	text := "Outcomes since the start: " + words.Count(looked) + " looked up"
	switch {
	case looked == 0:
		return ""
	case looked <= telling:
		return text + ", too few for shares"
	}
	for outcome := collector.RealFace; outcome <= collector.NoResult; outcome++ {
		text += ", " + strings.ReplaceAll(outcome.String(), "_", " ") + " " + ranged(c.Outcomes.Share(outcome), looked)
	}
	if compared := float64(c.Outcomes.VerificationSamples[0] + c.Outcomes.VerificationSamples[1]); compared > telling {
		other, same := c.Outcomes.Verifications[0], c.Outcomes.Verifications[1]
		text += ". Faces that match the photo: " + ranged(same/(other+same), compared)
	}
	if reasons := c.reasons(); len(reasons) > 0 {
		text += ". Reasons of the failed: " + strings.Join(reasons, ", ")
	}
	return text
}

// reasons are the most frequent ones of the checks that failed, with the number of sessions that were looked up.
func (c *card) reasons() (texts []string) {
	samples := c.Outcomes.FailureSamples
	for _, reason := range slices.SortedFunc(maps.Keys(samples), func(a, b string) int {
		return cmp.Or(cmp.Compare(samples[b], samples[a]), cmp.Compare(a, b))
	}) {
		if n := samples[reason]; n > 0 && len(texts) < topReasons {
			texts = append(texts, reason+" "+words.Count(float64(n)))
		}
	}
	return texts
}

// ranged writes a share that was found in a number of samples, with the range of Agresti and Coull: a share of 0 of a few is
// not known to be 0.
func ranged(share, samples float64) string {
	middle := (share*samples + 2) / (samples + 4)
	width := confidence * math.Sqrt(middle*(1-middle)/(samples+4))
	return words.Percent(share) + " (" + words.Percent(max(0, middle-width)) + " to " + words.Percent(min(1, middle+width)) + ")"
}
