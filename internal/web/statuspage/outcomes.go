package statuspage

import (
	"math"
	"strings"

	"face_liveness_exporter/collector"
	"face_liveness_exporter/internal/words"
)

// confidence is how many standard errors a range reaches to both sides: 95 of 100 such ranges hold the truth.
const confidence = 1.96

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
	return text
}

// ranged writes a share that was found in a number of samples, with the range of Agresti and Coull: a share of 0 of a few is
// not known to be 0.
func ranged(share, samples float64) string {
	middle := (share*samples + 2) / (samples + 4)
	width := confidence * math.Sqrt(middle*(1-middle)/(samples+4))
	return words.Percent(share) + " (" + words.Percent(max(0, middle-width)) + " to " + words.Percent(min(1, middle+width)) + ")"
}
