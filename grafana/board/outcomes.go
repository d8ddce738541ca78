package board

import "fmt"

const (
	outcomesTotal      = "face_liveness_session_outcomes_total"
	samplesTotal       = "face_liveness_session_outcome_samples_total"
	verificationsTotal = "face_liveness_session_verifications_total"
	verifySamplesTotal = "face_liveness_session_verification_samples_total"
)

// matching are the label matchers of the selection and one more.
func matching(matcher string) string {
	return selected[:len(selected)-1] + ", " + matcher + "}"
}

// sampled is a share of sessions over an hour, estimated from those that were looked up, with the band in which the true
// share lies in 19 of 20 cases. Where fewer than 20 sessions were looked up there is none.
func sampled(name, estimates, samples, part, whole string) []query {
	share := fmt.Sprintf("sum(increase(%s%s[1h])) / (sum(increase(%s%s[1h])) > 0)",
		estimates, matching(part), estimates, matching(whole))
	number := fmt.Sprintf("(sum(increase(%s%s[1h])) > %d)", samples, matching(whole), enough)
	return []query{
		{expression: bandEdge(share, "-", number), legend: name + ", at least", style: edge},
		{expression: bandEdge(share, "+", number), legend: name + ", at most", style: band},
		line(fmt.Sprintf("(%s) and on () %s", share, number), name),
	}
}

// bandEdge is the share less or plus two standard errors, within 0 and 1.
func bandEdge(share, sign, number string) string {
	return fmt.Sprintf("clamp(%s %s 1.96 * sqrt((%s) * (1 - %s) / %s), 0, 1)", share, sign, share, share, number)
}

func outcomes() panels {
	const known = `outcome!="deleted"`
	var shares []query
	for _, o := range []struct{ name, label string }{
		{"passed", "realface"},
		{"spoof", "spoofface"},
		{"uncertain", "uncertain"},
		{"failed", "failed"},
		{"no result", "no_result"},
	} {
		shares = append(shares, sampled(o.name, outcomesTotal, samplesTotal, fmt.Sprintf("outcome=%q", o.label), known)...)
	}
	perMonth := fmt.Sprintf("30 * sum by (resource, operation) (increase(%s%s[1d]))", samplesTotal, selected)
	return panels{
		few("What became of started sessions", text{
			"Shares of the sessions that were started and expired in the last hour, estimated from those that were looked up. The bands are the error: in 19 of 20 cases the true share lies within. Sessions that the application had deleted are not counted.",
			"Fewer passed or more spoofs than usual, by more than the bands.",
			"More spoofs: look at the devices below and at the fraud team's signals. Fewer passed: look at the latest release of the app.",
		}, ratio, shares...).Height(10).Span(12).Max(1).Decimals(1),
		few("Faces that match", text{
			"Of the sessions with face verification, the share whose face was that of the photo, over the last hour, with its error.",
			"Lower than usual: other people try, or the photos are worse than before.",
			"Check where the photos come from.",
		}, ratio, sampled("match", verificationsTotal, verifySamplesTotal, `identical="true"`, `identical=~".+"`)...).Height(10).Span(12).Max(1).Decimals(1),
		chart("Started, but no result", text{
			"Share of the started sessions that ended without any result, over the last hour. Fewer than 20 sessions looked up are not drawn.",
			"A rise: people start the check and do not finish it.",
			"Try the check on the devices and networks that people use.",
		}, ratio, line(share(
			fmt.Sprintf("sum by (resource, operation) (increase(%s%s[1h]))", outcomesTotal, matching(`outcome="no_result"`)),
			fmt.Sprintf("sum by (resource, operation) (increase(%s%s[1h]))", outcomesTotal, matching(known)), 0)+
			fmt.Sprintf(" and sum by (resource, operation) (increase(%s%s[1h])) > %d", samplesTotal, matching(known), enough), list)).Max(1).Decimals(1),
		chart("Sessions looked up, last hour", text{
			"On how many sessions the shares rest. The error of a share p is 1.96 · √(p(1−p)/n) with n sessions.",
			"Fewer than 50 in half an hour: no alert on outcomes can fire.",
			"For a smaller error raise outcomes.samples.",
		}, count, line(requests(samplesTotal, "1h", "resource, operation"), list)).Decimals(0),
		chart("Look-ups in 30 days", text{
			"Requests for single sessions in 30 days, at the pace of the last day. Each is billed; 1,000 cost about one US dollar at the entry price.",
			"More than the answer is worth.",
			"Lower outcomes.samples.",
		}, count, line(perMonth, list)).Decimals(0),
	}
}
