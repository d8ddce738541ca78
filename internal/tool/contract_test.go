package tool_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"face_liveness_exporter/faceclient/facesim"
)

// promise is what docs/metrics.md says about one metric. The page is reviewed: it is the contract.
type promise struct {
	name, kind string
	labels     string // sorted
	absent     bool   // before the first complete refresh
}

func contract(t *testing.T) []promise {
	t.Helper()
	var promises []promise
	for section := range strings.SplitSeq(fileText(t, metricsPage), "\n## ") {
		title, _, _ := strings.Cut(section, "\n")
		var labels []string
		switch title {
		case "A resource, whatever its operations":
			labels = []string{"resource"}
		case "Population", "Last complete refresh", "Flows, requests and refreshes", "Outcomes":
			labels = []string{"operation", "resource"}
		}
		if title == "Last failed refresh" {
			continue
		}
		for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\w+) \\| (.*?) \\|").FindAllStringSubmatch(section, -1) {
			all := append(slices.Clone(labels), regexp.MustCompile(`\w+`).FindAllString(row[3], -1)...)
			slices.Sort(all)
			promises = append(promises, promise{
				name: row[1], kind: row[2], labels: strings.Join(all, " "),
				absent: title == "Population" || title == "Last complete refresh",
			})
		}
	}
	if len(promises) < 41 {
		t.Fatalf("docs/metrics.md promises %d metrics, and some are missing", len(promises))
	}
	return promises
}

// Every promised metric is there, with its type and its labels, from the start where it does not need a snapshot.
func TestEveryMetricOfTheContract(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 100, 1)
	service.Populate(verify, 100, 2)
	held, release := gate()
	service.Fail(held)
	p := startWith(t, contoso(service, quick+"outcomes: {samples: 20}\n", bothOperations))
	promises := contract(t)
	check := func(e exposition, walked bool) {
		t.Helper()
		names := map[string]bool{}
		for _, row := range promises {
			names[row.name] = true
			family := e.families[row.name]
			if there := family != nil; there != (walked || !row.absent) {
				t.Errorf("%s: there is %v (after a walk: %v)", row.name, there, walked)
			}
			if family == nil {
				continue
			}
			if kind := strings.ToLower(family.GetType().String()); kind != row.kind {
				t.Errorf("%s is a %v, want %v", row.name, kind, row.kind)
			}
			operations := map[string]bool{}
			for _, metric := range family.GetMetric() {
				var labels []string
				for _, label := range metric.GetLabel() {
					labels = append(labels, label.GetName())
					if label.GetName() == "operation" {
						operations[label.GetValue()] = true
					}
				}
				slices.Sort(labels)
				if got := strings.Join(labels, " "); got != row.labels {
					t.Errorf("%s has the labels %q, want %q", row.name, got, row.labels)
					break
				}
			}
			want := 2
			if strings.Contains(row.name, "verification") { // with detectLivenessWithVerify alone
				want = 1
			}
			if strings.Contains(row.labels, "operation") && len(operations) != want {
				t.Errorf("%s: operations %v, want %d", row.name, operations, want)
			}
		}
		for name := range e.families {
			if strings.HasPrefix(name, "face_liveness_") && !names[name] {
				t.Errorf("%s is not in the contract", name)
			}
		}
	}
	early := p.scrape("X-Prometheus-Scrape-Timeout-Seconds", "0.05")
	check(early, false)
	for _, code := range []string{
		"BadArgument", "BadRequest", "401", "Unspecified", "PermissionDenied", "UnsupportedFeature", "403", "404", "ResourceNotFound",
		"ConcurrentOperationConflict", "429", "502", "503", "504", "timeout", "connection", "tls", "redirect", "invalid_response",
		"canceled", "pagination", "authentication",
	} {
		early.want(t, of("api_errors_total", "contoso", verify, "error_code", code), 0)
	}
	early.want(t, of("refresh_interval_seconds", "contoso", live), 300)
	release()
	check(p.scrape(), true)
}

// What the service's operators see of the exporter.
func TestRequestsNameTheProgram(t *testing.T) {
	t.Parallel()
	service := newFace(t, emptyService())
	service.Populate(live, 2500, 1)
	p := startWith(t, contoso(service, quick, "api: {version: v1.1-preview.1, page_size: 500}"))
	p.scrape().want(t, series("face_liveness_resource_info", nil,
		"resource", "contoso", "service_endpoint", service.endpoint, "api_version", "v1.1-preview.1"), 1)
	ids := map[string]bool{}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	for _, request := range service.Requests() {
		ids[request.ClientRequestID] = true
		if !uuid.MatchString(request.ClientRequestID) || request.Auth != facesim.AuthKey || request.Top != "500" ||
			request.Version != "v1.1-preview.1" || !strings.HasPrefix(request.UserAgent, "face_liveness_exporter/") {
			t.Errorf("%v, user agent %q, client-request-id %q", request, request.UserAgent, request.ClientRequestID)
		}
	}
	if len(ids) != len(service.Requests()) || len(ids) < 5 {
		t.Errorf("%d requests have %d ids", len(service.Requests()), len(ids))
	}
}
