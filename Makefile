SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

BINARY   := face_liveness_exporter
FUZZTIME ?= 20s
SOAK     ?= 5m

# What the binary says about itself comes from the commit alone: the same commit gives the same binary.
safe       := tr -cd '[:alnum:]@._/:+-'
VERSION    ?= $(or $(shell git describe --tags --always --dirty --abbrev=12 2>/dev/null | sed 's/^v//' | $(safe)),unknown)
REVISION   ?= $(or $(shell git rev-parse HEAD 2>/dev/null | grep -xE '[0-9a-f]+'),unknown)
BRANCH     ?= $(or $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null | $(safe)),unknown)
BUILD_USER ?= $(or $(shell git log -1 --format=%ce 2>/dev/null | $(safe)),unknown)
BUILD_DATE ?= $(or $(shell TZ=UTC git log -1 --date=format-local:%Y%m%d-%H:%M:%S --format=%cd 2>/dev/null),unknown)

version := github.com/prometheus/common/version
ldflags := -s -w \
	-X $(version).Version=$(VERSION) \
	-X $(version).Revision=$(REVISION) \
	-X $(version).Branch=$(BRANCH) \
	-X $(version).BuildUser=$(BUILD_USER) \
	-X $(version).BuildDate=$(BUILD_DATE)

tool := go tool -modfile=$(CURDIR)/tools/go.mod

.PHONY: build
build: ## build the program (the default)
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(ldflags)' -o $(BINARY) .

.PHONY: test
test: ## run the tests
	go test ./...

.PHONY: race
race: ## run the tests with the race detector
	go test -race ./...

.PHONY: lint
lint: ## run golangci-lint and actionlint; the first time builds them, in a minute or two
	for module in . e2e deploy/test grafana; do (cd $$module && $(tool) golangci-lint run ./...); done
	$(tool) actionlint .github/workflows/*.yml

.PHONY: fmt
fmt: ## format the code the way lint wants it
	for module in . e2e deploy/test grafana; do (cd $$module && $(tool) golangci-lint fmt ./...); done

.PHONY: bench
bench: ## run the benchmarks; compare two outputs with `go tool -modfile=tools/go.mod benchstat`
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (20s)
	@targets=$$(go test -list '^Fuzz' ./... | awk '/^Fuzz/ {name[n++] = $$1} /^ok/ {while (n) print $$2, name[--n]}'); \
	[[ $$targets ]] || { echo 'no fuzz target found' >&2; exit 1; }; \
	while read -r package name; do \
		echo "== $$package $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package"; \
	done <<<"$$targets"

.PHONY: soak
soak: ## run the program for SOAK (5m) with traffic, faults and reloads, and look for what grows
	SOAK=$(SOAK) go test -tags soak -count=1 -timeout 24h -v -run '^TestSoak$$' ./internal/exporter | grep -v '^time='

.PHONY: e2e
e2e: build ## run the built program with a real Prometheus, Alertmanager and Chromium; UPDATE=1 renews docs/status.png
	e2e/check-metrics ./$(BINARY)
	cd e2e && UPDATE='$(UPDATE)' go test -count=1 -parallel 3 ./...

.PHONY: docs
docs: ## write docs/metrics.md and docs/faults.md anew from the code
	go test -count=1 -run '^TestMetricsPage$$' ./internal/exporter -update
	go test -count=1 -run '^TestFaultMatrix$$' ./collector -update

.PHONY: dashboards
dashboards: ## write the dashboards, the recording rules and the chart's copies of them from grafana/
	cd grafana && go run .

.PHONY: check-dashboards
check-dashboards: ## test that what `make dashboards` writes is what is committed
	cd grafana && go vet ./... && go test ./...

.PHONY: release
release: ## build the archives of a release into dist/; PLATFORMS='linux/amd64 …' for some
	.ci/release $(PLATFORMS)

.PHONY: check-release
check-release: ## build two platforms' archives twice and compare them
	.ci/check-release

.PHONY: version
version: ## say which version this would be
	@echo $(VERSION)

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BINARY) dist

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
