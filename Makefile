# Two commands on a fresh machine with Go and make: "make run" and "make test".

MODULES := api services
DATA    ?= data

# The version of all programs is the nearest tag, with the commit and its date.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
COMMIT  := $(shell git show -s --format=%h 2>/dev/null)
DATE    := $(shell git show -s --format=%cI 2>/dev/null)
SERVICE := github.com/rodopath/rodopath/services/internal/service
LDFLAGS := -X $(SERVICE).version=$(VERSION) -X $(SERVICE).commit=$(COMMIT) -X $(SERVICE).date=$(DATE)

.PHONY: help
help: ## List the goals
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: run
run: bin/rodopath ## Build and start: webhooks in, decisions out; data under ./data
	./bin/rodopath serve --data $(DATA)

.PHONY: demo
demo: bin/rodopath ## Send the webhooks of an invented business, and show the decisions that follow
	./bin/rodopath demo --data $(DATA)

.PHONY: build
build: bin/rodopath bin/ingest bin/lifecycle bin/dispatch bin/console ## Build bin/rodopath, bin/ingest, bin/lifecycle, bin/dispatch and bin/console

.PHONY: bin/rodopath bin/ingest bin/lifecycle bin/dispatch bin/console
bin/rodopath:
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o $@ ./services/rodopath/cmd/rodopath
bin/ingest:
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o $@ ./services/ingest/cmd/ingest
bin/lifecycle:
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o $@ ./services/lifecycle/cmd/lifecycle
bin/dispatch:
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o $@ ./services/dispatch/cmd/dispatch
bin/console:
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o $@ ./services/console/cmd/console

# The race detector needs a C compiler.
RACE := $(shell command -v cc >/dev/null 2>&1 && echo -race)

.PHONY: test
test: ## Run all tests
	go test $(RACE) work

# PICTURES: another directory. Needs chromium. Read the difference before the pictures are kept.
PICTURES ?= $(CURDIR)/docs/pictures
.PHONY: pictures
pictures: ## Renew the pictures of every page of the console, in three widths and both themes, and of the documents
	rm -f $(PICTURES)/console/*.webp
	cd services && go test -count=1 -timeout 30m ./rodopath/consoletest -pictures $(PICTURES)

.PHONY: test-slow
test-slow: ## Fuzz every parser, and run a few rounds of chaos; takes minutes
	./scripts/fuzz.sh 30s
	RODOPATH_TEST_SLOW=1 go test -count=1 -timeout 30m -run EveryFieldOfEveryType ./services/platforms/...
	RODOPATH_TEST_SLOW=1 go test -count=1 -timeout 10m -v -run '^TestChaos_' ./services/rodopath/chaos

# AT: an instant in UTC, such as the first hour of a year in Warsaw. ARGS: packages below services, and flags of go test.
AT ?= 2026-12-31 23:20
.PHONY: test-at
test-at: ## Run all tests at another instant (AT="2028-02-28 23:30" ARGS="./rodopath/cli")
	./scripts/test-at.sh "$(AT)" $(ARGS)

# ARGS: --seed N to draw a run again, --rounds N, --json, --dir DIR.
.PHONY: chaos
chaos: ## Kill, cut off and freeze real processes, and prove that nothing is lost (ARGS="--seed 1")
	go run ./services/rodopath/cmd/chaos $(ARGS)

# ARGS: -only REGEXP, -count N, -json. RODOPATH_BENCH_SUBJECTS: the size of a large store.
.PHONY: bench
bench: ## Measure, as ratios against a baseline in the same run
	go run ./services/cmd/bench $(ARGS)

# ARGS: -seed N, -json.
.PHONY: scale
scale: ## Simulate replicas and partitions with the measured costs, to a billion persons
	go run ./services/cmd/scale $(ARGS)

.PHONY: soak
soak: ## Send at 70 % of the limit for 20 minutes, and report memory and losses
	RODOPATH_BENCH_SOAK=20m go run ./services/cmd/bench -only Soak -count 1 -benchtime 1x

.PHONY: fuzz
fuzz: ## Fuzz every parser of outside input for 30 seconds
	./scripts/fuzz.sh 30s

.PHONY: generate
generate: ## Generate code from proto/
	cd scripts/tools && GOWORK=off go build -o ../../bin/tools/ github.com/bufbuild/buf/cmd/buf google.golang.org/protobuf/cmd/protoc-gen-go
	cd proto && PATH="$(CURDIR)/bin/tools:$$PATH" buf lint && PATH="$(CURDIR)/bin/tools:$$PATH" buf generate --template buf.gen.yaml

.PHONY: lint
lint: ## Check style, and which package may import which
	cd scripts/tools && GOWORK=off go build -o ../../bin/tools/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@set -e; for m in $(MODULES); do echo "lint $$m"; (cd $$m && $(CURDIR)/bin/tools/golangci-lint run --config $(CURDIR)/.golangci.yml ./...); done

.PHONY: bin/tools/helm
bin/tools/helm:
	cd scripts/tools && GOWORK=off go build -o ../../$@ helm.sh/helm/v3/cmd/helm

# The test cache does not know which files helm has read, so no cached result counts.
.PHONY: chart
chart: bin/tools/helm ## Check the Helm chart, the plain manifests, and the contents of images
	cd scripts/tools && GOWORK=off go test -count=1 ./chart/...

# Needs root and the Debian packages containerd, runc, etcd-server, iptables, ipset and conntrack; says what is missing.
# ARGS: --only REGEXP, --rollouts N, --per-second N, --watch SECONDS, --json, --dir DIR, --built.
.PHONY: cluster-test
cluster-test: ## Run the chart in a real Kubernetes of one node under load, and count webhooks (ARGS="--rollouts 2")
	CGO_ENABLED=0 go run ./services/rodopath/cmd/cluster $(ARGS)

.PHONY: manifests
manifests: bin/tools/helm ## Render the chart to deploy/manifests, for use without Helm
	@mkdir -p deploy/manifests
	bin/tools/helm template rodopath deploy/helm/rodopath --namespace rodopath --kube-version 1.31 --skip-tests --values deploy/helm/rodopath/ci/production.yaml > deploy/manifests/rodopath.yaml

.PHONY: drift
drift: generate ## Check that modules are tidy, generated code is current, and each module builds alone
	git diff --exit-code -- api/gen
	cd proto && ../bin/tools/buf breaking --against released.binpb
	@set -e; for m in $(MODULES); do echo "tidy and build $$m"; (cd $$m && GOWORK=off go mod tidy -diff && GOWORK=off go build ./...); done
	@set -e; for m in tools cluster/kubernetes cluster/addons cluster/metrics; do (cd scripts/$$m && GOWORK=off go mod tidy -diff); done

.PHONY: vuln
vuln: ## Look for known weaknesses in the dependencies; asks vuln.go.dev
	cd scripts/tools && GOWORK=off go build -o ../../bin/tools/ golang.org/x/vuln/cmd/govulncheck
	@set -e; for m in $(MODULES); do echo "vuln $$m"; (cd $$m && $(CURDIR)/bin/tools/govulncheck ./...); done

.PHONY: sbom
sbom: ## Write the components of each program (CycloneDX) to bin/*.sbom.json
	cd scripts/tools && GOWORK=off go build -o ../../bin/tools/ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod
	@set -e; for s in ingest lifecycle dispatch console rodopath; do (cd services && $(CURDIR)/bin/tools/cyclonedx-gomod app -json -main $$s/cmd/$$s -output $(CURDIR)/bin/$$s.sbom.json .); done

.PHONY: check
check: lint drift test chart vuln ## Everything that CI checks, the chart, and known weaknesses
