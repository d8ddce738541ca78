package collector

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"face_liveness_exporter/faceclient"
)

// namespace is the prefix of every metric.
const namespace = "face_liveness"

// metric is a row of the table of metrics. All have the labels resource and operation.
type metric struct {
	name  string // without the namespace; that of a counter ends with _total
	label string // one more, or "" for none
	help  string
	read  reader
}

// reader passes on a state's values of one metric, if there is something to show.
type reader func(*State, *samples)

// group is the part of the table that is shown under the same condition.
type group struct {
	metrics []metric
	help    string            // ends the help of every metric
	shown   func(*State) bool // nil means always
}

// row is a metric of the table, ready to be shown.
type row struct {
	metric
	desc  *prometheus.Desc
	shown func(*State) bool
}

// table is all metrics of a target.
//
//nolint:gochecknoglobals // never changes
var table = newTable()

func newTable() (rows []row) {
	for _, group := range groups() {
		for _, metric := range group.metrics {
			names := []string{"resource", "operation"}
			if metric.label != "" {
				names = append(names, metric.label)
			}
			desc := prometheus.NewDesc(prometheus.BuildFQName(namespace, "", metric.name), metric.help+group.help, names, nil)
			rows = append(rows, row{metric, desc, group.shown})
		}
	}
	return rows
}

// groups are the parts of the table. The request metrics are in [APIMetrics], because requests are counted as they happen.
func groups() []group {
	return []group{
		{
			metrics: populationMetrics(),
			help:    " This is a cached value, kept between scrapes; face_liveness_snapshot_timestamp_seconds says when it was read.",
			shown:   func(s *State) bool { return s.Shown },
		},
		{metrics: snapshotMetrics(), shown: func(s *State) bool { return s.Snapshot != nil }},
		{
			metrics: flowMetrics(),
			help:    " For a rate, divide its increase by that of face_liveness_flow_window_seconds_total.",
		},
		{
			metrics: outcomeMetrics(),
			help:    " Present if outcomes are sampled.",
			shown:   func(s *State) bool { return s.Settings.Samples > 0 },
		},
		{
			metrics: verificationMetrics(),
			help:    " Present if outcomes are sampled, for detectLivenessWithVerify.",
			shown: func(s *State) bool {
				return s.Settings.Samples > 0 && s.Operation == faceclient.DetectLivenessWithVerify
			},
		},
		{metrics: refreshMetrics()},
	}
}

// populationMetrics describe the sessions of a snapshot. They are estimates if the snapshot covers a part of the list.
func populationMetrics() []metric {
	return []metric{
		{
			"sessions", "", "Liveness sessions in the service's list: created in the last 48 hours and not deleted.",
			estimate(func(s *Snapshot) uint64 { return s.Sessions }),
		},
		{
			"sessions_active", "", "Listed sessions whose TTL has not ended. Some may already be finished.",
			estimate(func(s *Snapshot) uint64 { return s.Active() }),
		},
		{
			"sessions_expired", "", "Listed sessions whose TTL has ended, whether they were used or not.",
			estimate(func(s *Snapshot) uint64 { return s.Expired }),
		},
		{
			"sessions_started", "", "Listed sessions that the client started.",
			estimate(func(s *Snapshot) uint64 { return s.Started }),
		},
		{
			"sessions_abandoned", "", "Listed sessions that expired and were never started.",
			estimate(func(s *Snapshot) uint64 { return s.Abandoned }),
		},
		{
			"session_ttl_seconds", "", "TTL of the listed sessions, as set when they were created.",
			distribution(func(s *Snapshot) *Histogram { return s.TTL }),
		},
		{
			"session_remaining_ttl_seconds", "", "Time until the TTL of the active sessions ends, counted from when they were listed.",
			distribution(func(s *Snapshot) *Histogram { return s.RemainingTTL }),
		},
		{
			"session_start_delay_seconds", "", "Time from creation to start of the started sessions.",
			distribution(func(s *Snapshot) *Histogram { return s.StartDelay }),
		},
		{
			"devices", "", "Distinct devices (deviceCorrelationId) of the listed sessions. Absent if only a part of the list was read, or with more than about a million devices.",
			func(s *State, out *samples) {
				if devices, known := s.Snapshot.DeviceCount(); known {
					out.add(devices)
				}
			},
		},
		{
			"device_sessions", "device_correlation_id", "Listed sessions of one device, for the devices with the most sessions.",
			func(s *State, out *samples) {
				for _, device := range s.Snapshot.TopDevices {
					out.add(s.Snapshot.Estimate(device.Sessions), device.Label)
				}
			},
		},
		{
			"device_sessions_other", "", "Listed sessions of all devices that have no series of their own.",
			estimate(func(s *Snapshot) uint64 { return s.OtherDeviceSessions }),
		},
		{
			"sessions_without_device", "", "Listed sessions without a device.",
			estimate(func(s *Snapshot) uint64 { return s.WithoutDevice }),
		},
		{
			"sessions_per_device", "", "Listed sessions per device, one observation for each device. Absent if face_liveness_devices is absent.",
			func(s *State, out *samples) {
				if _, known := s.Snapshot.DeviceCount(); known {
					out.addHistogram(s.Snapshot.SessionsPerDevice, 1)
				}
			},
		},
	}
}

// snapshotMetrics describe the last successful refresh, however long ago it was.
func snapshotMetrics() []metric {
	return []metric{
		{
			"snapshot_timestamp_seconds", "", "When the last successful refresh began, in Unix time.",
			value(func(s *State) float64 { return float64(s.Snapshot.Began.Wall.UnixMilli()) / 1000 }),
		},
		{
			"snapshot_pages", "", "Pages that the last successful refresh read.",
			value(func(s *State) float64 { return float64(s.Snapshot.Pages) }),
		},
		{
			"snapshot_coverage_ratio", "", "Share of the list that the last successful refresh read. 1 means all of it; less means that the counts are estimates from this share.",
			value(func(s *State) float64 { return s.Snapshot.Coverage }),
		},
	}
}

// flowMetrics count what happened since the exporter started.
func flowMetrics() []metric {
	return []metric{
		{
			"session_creations_total", "", "Sessions created since the exporter started and still listed at the next refresh.",
			value(func(s *State) float64 { return s.Flows.Creations }),
		},
		{
			"session_starts_total", "", "Sessions started since the exporter started.",
			value(func(s *State) float64 { return s.Flows.Starts }),
		},
		{
			"session_expirations_total", "", "Sessions whose TTL ended since the exporter started.",
			value(func(s *State) float64 { return s.Flows.Expirations }),
		},
		{
			"session_abandonments_total", "", "Sessions whose TTL ended since the exporter started and that were never started.",
			value(func(s *State) float64 { return s.Flows.Abandonments }),
		},
	}
}

// outcomeMetrics count what became of the sessions that were started, from a random sample of them.
func outcomeMetrics() []metric {
	return []metric{
		{
			"session_outcomes_total", "outcome",
			"Estimated number of started sessions whose TTL ended since the exporter started, by outcome.",
			byOutcome(func(o *Outcomes) [outcomeCount]float64 { return o.Sessions }),
		},
		{
			"session_outcome_samples_total", "outcome",
			"Sessions that were looked up to estimate face_liveness_session_outcomes_total.",
			byOutcome(func(o *Outcomes) [outcomeCount]uint64 { return o.Samples }),
		},
		{
			"session_failures_total", "reason",
			"Estimated number of sessions with the outcome failed, by reason: the service's code or the HTTP status of the check.",
			byLabel(func(o *Outcomes) map[string]float64 { return o.Failures }),
		},
		{
			"session_failure_samples_total", "reason",
			"Sessions that were looked up to estimate face_liveness_session_failures_total.",
			byLabel(func(o *Outcomes) map[string]uint64 { return o.FailureSamples }),
		},
		{
			"session_check_duration_seconds", "",
			"Duration of liveness checks as the service measured it. It is a sample: only the sessions that were looked up.",
			func(s *State, out *samples) { out.addHistogram(s.Outcomes.Durations, 1) },
		},
		{
			"session_model_samples_total", "model_version",
			"Sessions that were looked up, by the version of the model that checked them.",
			byLabel(func(o *Outcomes) map[string]uint64 { return o.Models }),
		},
	}
}

// verificationMetrics count whether the faces were those of the photos, from the same sample.
func verificationMetrics() []metric {
	return []metric{
		{
			"session_verifications_total", "identical",
			"Estimated number of started sessions whose TTL ended since the exporter started, by whether the face matched the photo.",
			byIdentity(func(o *Outcomes) [2]float64 { return o.Verifications }),
		},
		{
			"session_verification_samples_total", "identical",
			"Sessions that were looked up to estimate face_liveness_session_verifications_total.",
			byIdentity(func(o *Outcomes) [2]uint64 { return o.VerificationSamples }),
		},
	}
}

// refreshMetrics tell how refreshes go.
func refreshMetrics() []metric {
	return []metric{
		// It is with the refreshes because it is what the flows are divided by, which the help of their group says.
		{
			"flow_window_seconds_total", "", "Time for which creations, starts, expirations and abandonments were counted. Divide their increase by the increase of this.",
			value(func(s *State) float64 { return s.Flows.Window }),
		},
		{
			"up", "", "1 if the last finished refresh succeeded. 0 if it failed or none has finished.",
			value(func(s *State) float64 {
				if s.Health.Up {
					return 1
				}
				return 0
			}),
		},
		{
			"refresh_error", "error_code", "Why the last finished refresh failed; always 1. Absent if it succeeded or none has finished.",
			func(s *State, out *samples) {
				if s.Health.ErrorCode != "" {
					out.add(1, s.Health.ErrorCode)
				}
			},
		},
		{
			"refresh_interval_seconds", "", "Effective refresh interval: a scrape refreshes a snapshot older than this.",
			value(func(s *State) float64 { return s.Interval.Seconds() }),
		},
		{
			"refresh_duration_seconds", "", "Duration of the last finished refresh.",
			value(func(s *State) float64 { return s.Health.LastDuration.Seconds() }),
		},
		{
			"refreshes_total", "", "Finished refreshes, successful or not.",
			value(func(s *State) float64 { return float64(s.Health.Refreshes) }),
		},
		{
			"refresh_failures_total", "", "Failed refreshes.",
			value(func(s *State) float64 { return float64(s.Health.Failures) }),
		},
	}
}

func value(of func(*State) float64) reader {
	return func(s *State, out *samples) { out.add(of(s)) }
}

func byOutcome[V float64 | uint64](of func(*Outcomes) [outcomeCount]V) reader {
	return func(s *State, out *samples) {
		for outcome, value := range of(&s.Outcomes) {
			out.add(float64(value), Outcome(outcome).String())
		}
	}
}

func byLabel[V float64 | uint64](of func(*Outcomes) map[string]V) reader {
	return func(s *State, out *samples) {
		for label, value := range of(&s.Outcomes) {
			out.add(float64(value), label)
		}
	}
}

func byIdentity[V float64 | uint64](of func(*Outcomes) [2]V) reader {
	return func(s *State, out *samples) {
		for identical, value := range of(&s.Outcomes) {
			out.add(float64(value), strconv.FormatBool(identical == 1))
		}
	}
}

// estimate scales a count of the snapshot up to the whole list.
func estimate(of func(*Snapshot) uint64) reader {
	return func(s *State, out *samples) { out.add(s.Snapshot.Estimate(of(s.Snapshot))) }
}

// distribution scales a histogram of the snapshot up to the whole list.
func distribution(of func(*Snapshot) *Histogram) reader {
	return func(s *State, out *samples) { out.addHistogram(of(s.Snapshot), s.Snapshot.Coverage) }
}
