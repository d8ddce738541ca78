package tool_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"face_liveness_exporter/faceclient/facesim"
)

// The whole exposition, of resources in every state, is what a linter and a strict reader want.
func TestExpositionIsClean(t *testing.T) {
	t.Parallel()
	good, bad := newFace(t, emptyService()), newFace(t, emptyService())
	good.Populate(live, 3000, 1)
	good.Populate(verify, 10, 2)
	bad.Fail(facesim.StatusError(403, facesim.ShapeCode, "SomethingNew", "x"))
	p := startWith(t, quick+"resources:\n"+
		resource("good", good.endpoint, "key: "+good.Key(), bothOperations)+
		resource(`"bad \"one\" \\ ä"`, bad.endpoint, "key: "+bad.Key(), bothOperations))
	p.scrape()
	e := p.scrape()
	families := slices.SortedFunc(maps.Values(e.families), func(a, b *dto.MetricFamily) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	families = slices.DeleteFunc(families, func(family *dto.MetricFamily) bool {
		return strings.HasPrefix(family.GetName(), "go_") || strings.HasPrefix(family.GetName(), "process_") // client_golang's
	})
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	for _, family := range families {
		if family.GetHelp() == "" {
			t.Errorf("%s has no help", family.GetName())
		}
		if strings.HasSuffix(family.GetHelp(), cachedHelp) && family.GetType() == dto.MetricType_COUNTER {
			t.Errorf("%s is a counter", family.GetName())
		}
	}
	checkOpenMetrics(t, p.get("/metrics", "Accept", openMetrics).body)
	bare := flatten(t, decodeProtobuf(t, p.get("/metrics", "Accept", protobuf).body))
	for _, metric := range []string{"up", "sessions"} {
		bare.want(t, of(metric, "good", live), e.samples[of(metric, "good", live)])
	}
	bare.want(t, of("api_errors_total", `bad "one" \ ä`, live, "error_code", "SomethingNew"), 1)
}
