# Everything a developer types. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

FUZZTIME ?= 20s
EACH ?= 5s
SUITE ?= .
ROUNDS ?= 1000

.PHONY: help run build sdk web screenshots react-app react-native-app test check test-long bench bench-guards faults faults-cluster release fuzz clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start everything on this machine, needs only Go; PORT=8080 and SERVICE_PORT=8090 choose ports, EXAMPLE_SERVICE=node the bank on Node
	@scripts/run.sh

build: ## build the binaries into ./bin
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/... ./examples/...

sdk: ## build the JavaScript packages and pack them into ./artifacts/sdk, needs only Node.js
	@scripts/sdk.sh

screenshots: ## draw every state of the prompt and every page of the console into ./artifacts/screenshots, needs Node.js and Chromium
	cd sdk/typescript && npm ci --ignore-scripts --no-audit --no-fund && npm run --silent build && node scripts/screenshots.mjs

check: ## static checks and the tests that need nothing but Go, in a minute or two
	@scripts/check.sh

web: ## bundle the server's own pages out of ./web into ./internal/pages/static, needs only Go
	cd web && go run .

react-app: ## start the React example with all it needs; PORT, SERVICE_PORT and APP_PORT choose ports
	@npm --prefix examples/react-app start --silent

react-native-app: ## start the React Native example in a browser with all it needs; PORT, SERVICE_PORT and APP_PORT choose ports
	@npm --prefix examples/react-native start --silent

test: ## set up what the tests need, then run `make check` and every suite
	@scripts/test.sh

test-long: ## the suites of `make test` in their long form, and every fuzz target for FUZZTIME
	@FUZZTIME=$(FUZZTIME) scripts/test.sh --long

bench: ## measure the server beside what this machine can do; the table goes to artifacts/bench; EACH=5s for each figure
	cd internal/bench && TMPDIR=/var/tmp go test -count=1 -timeout=60m -run=TestTable -table -each=$(EACH)

bench-guards: ## measure what the guards in Go and on Node add to a bare handler, side by side, in turns; needs Node.js
	cd sdk/typescript && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent build
	cd internal/bench && go test -count=1 -timeout=60m -run=TestGuards -guards -each=1s

faults: ## break servers under load and judge what clients saw; SUITE=KilledServer ENGINE=sqlite ROUNDS=1000 say which and how often
	TMPDIR=/var/tmp go test -count=1 -timeout=24h -v -run='$(SUITE)' ./internal/faults -rounds=$(ROUNDS) -engine=$(ENGINE)

faults-cluster: ## break three machines with etcd, Patroni, PostgreSQL and HAProxy, in namespaces; needs root; ROUNDS=11, KINDS="switch over"
	TMPDIR=/var/tmp go test -count=1 -timeout=24h -v ./internal/faults/cluster -rounds=$(or $(ROUNDS),11) -kinds='$(KINDS)'

release: ## make what strangers install out of the last commit, into ./artifacts/release, needs only Go and git
	cd release && go run . -out ../artifacts/release

fuzz: ## run every fuzz target for FUZZTIME (default 20s)
	@scripts/fuzz.sh $(FUZZTIME)

clean: ## remove what the other targets made
	rm -rf bin artifacts .stepup-dev conformance/real-client/node_modules sdk/typescript/node_modules sdk/typescript/packages/*/dist \
		examples/react-app/node_modules examples/react-native/node_modules
