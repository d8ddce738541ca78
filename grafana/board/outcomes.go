package board

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

const (
	outcomesTotal      = "face_liveness_session_outcomes_total"
	samplesTotal       = "face_liveness_session_outcome_samples_total"
	verificationsTotal = "face_liveness_session_verifications_total"
	verifySamplesTotal = "face_liveness_session_verification_samples_total"
	failedTotal        = "face_liveness_session_failures_total"
	failedSamplesTotal = "face_liveness_session_failure_samples_total"
	modelSamplesTotal  = "face_liveness_session_model_samples_total"
	checkDuration      = "face_liveness_session_check_duration_seconds"
)

// What an outcome says: that the session is known, that its check had a result, that it passed.
const (
	known  = `outcome!="deleted"`
	ended  = `outcome!~"deleted|no_result"`
	passed = `outcome="realface"`
)

// withoutOutcomes is what a panel shows where nothing was looked up, or not enough.
const withoutOutcomes = "few or no outcomes"

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

// became are the shares of started sessions that came to these outcomes, each with its band in its own colour.
func became(title string, about text, outcomes ...[3]string) *timeseries.PanelBuilder {
	var shares []query
	for _, o := range outcomes {
		shares = append(shares, sampled(o[0], outcomesTotal, samplesTotal, fmt.Sprintf("outcome=%q", o[1]), known)...)
	}
	panel := few(title, about, ratio, shares...).NoValue(withoutOutcomes).Height(9).Decimals(1)
	for _, o := range outcomes {
		panel.OverrideByRegexp(o[0]+".*", fixed(o[2]))
	}
	return panel
}

func outcomes() panels {
	perMonth := fmt.Sprintf("30 * sum by (resource, operation) (increase(%s%s[1d]))", samplesTotal, selected)
	return panels{
		became("Passed, last hour", text{
			"Of the sessions that were started and expired in the last hour, the share that passed, estimated from those that were looked up. The band is the error: in 19 of 20 cases the true share lies within. Sessions that the application had deleted are not counted.",
			"Fewer than usual, by more than the band.",
			"Look at the shares beside it, at the reasons below, and at the latest release of the app.",
		}, [3]string{"passed", "realface", good}).Max(1),
		became("Not passed, last hour", text{
			"What became of the other sessions, as shares of the same whole and with the same error.",
			"A line that rises by more than its band.",
			"More spoofs: look at the devices below and at the fraud team's signals. More failed: look at the reasons below. More without a result: look at the latest release of the app.",
		}, [3]string{"spoof", "spoofface", bad}, [3]string{"uncertain", "uncertain", suspect}, [3]string{"failed", "failed", "purple"}, [3]string{"no result", "no_result", neutral}),
		few("Faces that match, last hour", text{
			"Of the sessions with face verification, the share whose face was that of the photo, over the last hour, with its error.",
			"Lower than usual: other people try, or the photos are worse than before.",
			"Check where the photos come from.",
		}, ratio, sampled("match", verificationsTotal, verifySamplesTotal, `identical="true"`, `identical=~".+"`)...).NoValue(withoutOutcomes).Height(9).Max(1).Decimals(1).
			OverrideByRegexp("match.*", fixed(neutral)),
		chart("Started, but no result", text{
			"Share of the started sessions that ended without any result, over the last hour. Fewer than 20 sessions looked up are not drawn.",
			"A rise: people start the check and do not finish it.",
			"Try the check on the devices and networks that people use.",
		}, ratio, line(share(
			fmt.Sprintf("sum by (resource, operation) (increase(%s%s[1h]))", outcomesTotal, matching(`outcome="no_result"`)),
			fmt.Sprintf("sum by (resource, operation) (increase(%s%s[1h]))", outcomesTotal, matching(known)), 0)+
			fmt.Sprintf(" and sum by (resource, operation) (increase(%s%s[1h])) > %d", samplesTotal, matching(known), enough), list)).NoValue(withoutOutcomes).Decimals(1),
		chart("Sessions looked up, last hour", text{
			"On how many sessions the shares rest. The error of a share p is 1.96 · √(p(1−p)/n) with n sessions.",
			"30 or fewer: no alert on outcomes can fire in that time.",
			"For a smaller error raise outcomes.samples.",
		}, count, line(requests(samplesTotal, "1h", "resource, operation"), list)).NoValue(withoutOutcomes).Decimals(0),
		chart("Look-ups in 30 days", text{
			"Requests for single sessions in 30 days, at the pace of the last day. Each is billed; 1,000 cost about one US dollar at the entry price.",
			"More than the answer is worth.",
			"Lower outcomes.samples.",
		}, count, line(perMonth, list)).NoValue(withoutOutcomes).Decimals(0),
		few("Model versions, last hour", text{
			"Sessions that were looked up, by the version of the model that checked them. A new one is also marked in the charts.",
			"A new version beside a changed share of outcomes.",
			"Compare the outcomes before and after. If people suffer, open a support case with the version.",
		}, count, line(fmt.Sprintf("sum by (model_version) (increase(%s%s[1h])) > 0", modelSamplesTotal, selected), "{{model_version}}")).NoValue(withoutOutcomes).Span(24).Decimals(0),
	}
}

// reached is a step of the funnel: the share of sessions that reach it, of those that reached the one before.
func reached(step, part, whole string) string {
	return label(fmt.Sprintf("%s / (%s > %d)", part, whole, enough), "step", step)
}

// estimatedEnds are the sessions of the selection with an outcome like this, in a range.
func estimatedEnds(matcher, window string) string {
	return fmt.Sprintf("sum(increase(%s%s[%s]))", outcomesTotal, matching(matcher), window)
}

func funnel() panels {
	steps := func(window string) string {
		flow := func(counter string) string { return total(events(counter, window)) }
		return reached("1. started, of those created", flow(starts), flow(creations)) +
			" or " + reached("2. with a result, of those started", estimatedEnds(ended, window), estimatedEnds(known, window)) +
			" or " + reached("3. passed, of those with a result", estimatedEnds(passed, window), estimatedEnds(ended, window))
	}
	// Outcomes are known one TTL after creation, so a pass is a share of a share. Lists without outcomes would mix in theirs.
	conversion := func(window, by string) string {
		started := fmt.Sprintf("sum by (%s) (%s and on (resource, operation) %s)", by, events(starts, window), outcomesTotal)
		created := fmt.Sprintf("sum by (%s) (%s and on (resource, operation) %s)", by, events(creations, window), outcomesTotal)
		of := func(matcher string) string {
			return fmt.Sprintf("sum by (%s) (increase(%s%s[%s]))", by, outcomesTotal, matching(matcher), window)
		}
		return fmt.Sprintf("%s / (%s > %d) * %s / (%s > %d)", started, created, enough, of(passed), of(known), enough)
	}
	return panels{
		figure("Conversion", text{
			"Of the sessions created in the last hour, the share that ends with a pass (`realface`), estimated. It needs outcomes.samples.",
			"A fall of several points: people give up, or do not pass.",
			"The steps beside it say where.",
		}, ratio, withoutOutcomes, []dashboard.Threshold{{Color: neutral}}, conversion("1h", "")).Decimals(1).Height(8).Span(4),
		grid("Steps", text{
			"How many sessions of the last hour reach each step, of those that reached the one before, and over the last day. Without outcomes.samples only the first step is known.",
			"A step clearly below its share of the day is where people are lost now.",
			"First step: the app, the camera permission. Second: the check itself, the network. Third: see 'Why checks fail' and 'Outcomes'.",
		}, []column{
			{title: "Step", label: "step"},
			{title: "Last hour", expression: steps("1h"), unit: ratio, decimals: value(1), width: 90},
			{title: "Last day", expression: steps("1d"), unit: ratio, decimals: value(1), width: 90},
		}, order{"Step", false}).Height(8).Span(8),
		chart("Conversion of each list", text{
			"Of the sessions created within an hour, the share that ends with a pass, estimated. Dashed: within a day.",
			"The solid line clearly below the dashed one.",
			"Look at the steps, and at what was released.",
		}, ratio,
			line(conversion("1h", "resource, operation"), list),
			comparison(conversion("1d", "resource, operation"), list+", a day"),
		).NoValue(withoutOutcomes).Span(12).Max(1).Decimals(1),
	}
}

func reasons() panels {
	often := fmt.Sprintf("topk(10, sum by (reason) (increase(%s%s[1d])) > 0)", failedTotal, selected)
	none := label(fmt.Sprintf("0 * sum(increase(%s%s[1h]))", failedTotal, selected), "reason", "none")
	return panels{
		few("Reasons of failed checks, last hour", text{
			"Estimated sessions whose check failed, by the service's code or, if it sent none, the HTTP status. The ten most frequent reasons of the last day, stacked. 'none': no reason was seen a second time, and Prometheus does not see the first.",
			"A reason that grows after a release of the app points to it. Many that grow together: cameras, light, or the service's model.",
			"docs/outcomes.md says how to read reasons.",
		}, count, line(fmt.Sprintf("sum by (reason) (increase(%s%s[1h])) and on (reason) %s or on () %s", failedTotal, selected, often, none), "{{reason}}")).
			Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal)).FillOpacity(30).NoValue(withoutOutcomes).Span(16).Height(9).Decimals(0),
		chart("Failed checks looked up, last day", text{
			"On how many failed checks the reasons rest.",
			"Below 20 a share of reasons is chance.",
			"Raise outcomes.samples.",
		}, count, line(requests(failedSamplesTotal, "1d", "resource, operation"), list)).NoValue(withoutOutcomes).Height(9).Decimals(0),
	}
}

func checkDurations() panels {
	// Without a check the quantile is no number, which no bound lets through.
	quantile := func(q string) string {
		return fmt.Sprintf("histogram_quantile(%s, sum by (le) (increase(%s_bucket%s[1h]))) > 0", q, checkDuration, selected)
	}
	return panels{
		bounded(few("Duration of checks, last hour", text{
			"How long the service took to check what the app sent, of the sessions that were looked up: half of the checks took no longer, and 95 of 100.",
			"Above 5 seconds people give up. A rise of both: a slow service or a new model. Of the upper one alone: large pictures or slow networks.",
			"Look at the service's status page and at what the app sends.",
		}, seconds, line(quantile("0.5"), "median"), line(quantile("0.95"), "95 %")).NoValue(withoutOutcomes).Span(24), 5, 10),
	}
}
