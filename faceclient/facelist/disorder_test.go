package facelist_test

import (
	"hash/fnv"
	"testing"

	"face_liveness_exporter/faceclient"
	"face_liveness_exporter/faceclient/facelist"
)

// ragged cuts a page to a length that follows from its start.
func ragged(start string, page []string) []string {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(start))
	return page[:min(len(page), 1+int(hash.Sum32()%20))]
}

func TestAServiceThatPagesInItsOwnWayIsReadExactly(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		ways  func(*service)
		most  int // requests of a walk
		known facelist.Knowledge
	}{
		{"pages of any length", func(s *service) { s.answer = ragged }, 250, facelist.Knowledge{Capped: true, FullPage: 20}},
		{"descending ids", func(s *service) { s.order = descending }, 12, facelist.Knowledge{Unordered: true, FullPage: 100}},
		{"no visible order", func(s *service) { s.order = shuffled }, 12, facelist.Knowledge{Unordered: true, FullPage: 100}},
		{"capped and in no order", func(s *service) { s.most, s.order = 10, shuffled }, 60, facelist.Knowledge{Unordered: true, Capped: true, FullPage: 10}},
		{"ragged and in no order", func(s *service) { s.answer, s.order = ragged, shuffled }, 250, facelist.Knowledge{Unordered: true, Capped: true, FullPage: 20}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &service{}
			test.ways(s)
			s.add(randomIDs(250, 1)...)
			lister := newLister(s, limits())
			for i := range 3 {
				if _, visited := walkExactly(t, s, lister, test.most); i == 2 && visited.restarts != 0 {
					t.Error("the third walk began anew: what the first learned is forgotten")
				}
			}
			k := lister.Knowledge()
			if got := (facelist.Knowledge{Unordered: k.Unordered, Capped: k.Capped, FullPage: k.FullPage}); got != test.known || k.Sessions != 250 {
				t.Errorf("%+v, want %+v", k, test.known)
			}
		})
	}
}

// What a service does differently from one day to the next must not lose a session either.
func TestAServiceMayChangeItsWays(t *testing.T) {
	s := withSessions(2500, 1)
	lister := newLister(s, limits())
	for _, ways := range []func(){
		func() {}, func() { s.most = 70 }, func() {}, func() { s.order = descending }, func() {},
		func() { s.most, s.order = 10, shuffled }, func() {}, func() { s.unknown = refuses }, func() {}, func() {},
	} {
		s.most, s.order, s.unknown = 0, nil, nil
		ways()
		s.sort()
		walkExactly(t, s, lister, 0)
	}
}

func TestPagesThatAreNoListFailTheWalk(t *testing.T) {
	t.Parallel()
	first := func(s *service) []string { return s.ids[:min(len(s.ids), 100)] }
	for _, test := range []struct {
		name     string
		sessions int
		answer   func(s *service, start string, page []string) []string
	}{
		{"start ignored, full pages", 250, func(s *service, _ string, _ []string) []string { return first(s) }},
		{"start ignored, long list", 2500, func(s *service, _ string, _ []string) []string { return first(s) }},
		{"start ignored, one short page", 30, func(s *service, _ string, _ []string) []string { return first(s) }},
		{"start is inclusive, so that the end repeats itself", 250, func(_ *service, start string, page []string) []string {
			if start == "" {
				return page
			}
			return append([]string{start}, page[:min(len(page), 99)]...)
		}},
		{"the list wraps around", 2500, func(s *service, _ string, page []string) []string {
			if len(page) == 0 {
				return first(s)
			}
			return page
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := withSessions(test.sessions, 1)
			s.answer = func(start string, page []string) []string { return test.answer(s, start, page) }
			lister := newLister(s, limits(workers(1)))
			failsWith(t, s, lister, faceclient.CodePagination, 2*(test.sessions/100+1)+12)
			s.answer = nil // and what it said is forgotten
			if result, err := lister.Walk(t.Context(), 3, new(counter)); err != nil || result.Requests > 3 {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
}

// A list of one session that the service repeats is not two.
func TestOneSessionInPagesOfOne(t *testing.T) {
	s := withSessions(1, 1)
	s.most = 1
	walkExactly(t, s, newLister(s, limits()), 2)
}
