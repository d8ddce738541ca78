SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

BINARY   := face_liveness_exporter
FUZZTIME ?= 20s

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

tool    := go tool -modfile=$(CURDIR)/tools/go.mod
# Every module has a go.mod; tools has no code of its own.
modules := $(patsubst %/,%,$(dir $(filter-out tools/go.mod,$(wildcard go.mod */go.mod */*/go.mod))))

# The current Prometheus, of the version whose parser the end-to-end tests use. The image is built without these.
prometheus := $(shell sed -n 's|.*github.com/prometheus/prometheus v|v|p' e2e/go.mod 2>/dev/null)
bin        := $(CURDIR)/.bin/prometheus-$(prometheus)

.PHONY: build
build: ## build the program (the default)
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '$(ldflags)' -o $(BINARY) .

.PHONY: ci
ci: ## run everything that a commit must pass
	.ci/run

.PHONY: prerequisites
prerequisites: ## install the Debian packages that the other targets need
	.ci/prerequisites

.PHONY: test
test: ## run the tests
	go test ./...

.PHONY: race
race: ## run the tests of the packages that start goroutines with the race detector
	go test -race -timeout 20m ./faceclient/... ./collector ./internal/exporter ./internal/web ./internal/tool ./internal/launch

.PHONY: lint
lint: ## lint code, workflows and scripts; the first time builds the linters, in about eight minutes
	for module in $(modules); do (cd $$module && $(tool) golangci-lint run ./...); done
	$(tool) actionlint .github/workflows/*.yml
	shellcheck --external-sources .ci/* deploy/helm/package deploy/test/{run,image,systemd} prometheus/check e2e/check-metrics

.PHONY: tidy
tidy: ## check that each go.mod and go.sum is complete, and that the modules downloaded are the ones that go.sum names
	@for module in $(modules) tools; do \
		echo "== $$module"; \
		(cd $$module; \
		grep -q '^replace face_liveness_exporter ' go.mod || go mod verify; \
		go mod tidy -diff); \
	done

.PHONY: fmt
fmt: ## format the code the way lint wants it
	for module in $(modules); do (cd $$module && $(tool) golangci-lint fmt ./...); done

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

.PHONY: e2e
e2e: build $(bin)/prometheus ## run the built program with a real Prometheus, Alertmanager and Chromium; UPDATE=1 renews docs/status.png
	e2e/check-metrics ./$(BINARY)
	cd e2e && PROMETHEUS=$(bin)/prometheus UPDATE='$(UPDATE)' go test -count=1 -timeout 20m -parallel 3 -skip '^TestEveryClauseOfAnAlert' ./...

.PHONY: rules
rules: $(bin)/promtool ## check rules, alerts and example configurations, and run the rule tests
	prometheus/check promtool $(bin)/promtool

.PHONY: backtest
backtest: ## simulate resources with and without incidents, and check that the alerts reach their goals
	cd prometheus/backtest && go run .

.PHONY: mutate
mutate: $(bin)/promtool ## check that the rule tests notice when a clause of an alert is missing
	cd e2e && PROMTOOL=$(bin)/promtool go test -count=1 -timeout 30m -run '^TestEveryClauseOfAnAlert' .

.PHONY: deploy
deploy: ## check the chart, the compose file, the units and the image
	deploy/test/run

# Nothing here uses service discovery other than static_configs, files and HTTP.
$(bin)/prometheus $(bin)/promtool:
	GOBIN=$(bin) go install -tags remove_all_sd github.com/prometheus/prometheus/cmd/$(@F)@$(prometheus)

.PHONY: docs
docs: ## write what docs/, the chart's schema and config.example.yaml have of the code anew
	go test -count=1 -run '^TestErrorsPage$$' ./internal/explain -update
	go test -count=1 -run '^(TestMetricsPage|TestFaultMatrix|TestLookUpsChangeNothingButOutcomes)$$' ./collector -update
	go test -count=1 -run '^TestWritten' ./internal/config -update

.PHONY: dashboards
dashboards: ## write the dashboards, the recording rules and the chart's copies of them from grafana/
	cd grafana && go run .

.PHONY: check-dashboards
check-dashboards: ## test that what `make dashboards` writes is what is committed
	cd grafana && go test ./...

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
	rm -rf $(BINARY) dist .bin

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
