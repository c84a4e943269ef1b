# Everything a developer types. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# Pinned; fetched on first use, never a dependency of the module.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
FUZZTIME ?= 20s

.PHONY: help run build test test-long bench fuzz lint clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start the server, demo app, inbox and example service on this machine (needs only Go)
	@scripts/run.sh

build: ## build the binaries into ./bin
	CGO_ENABLED=0 go build -trimpath -o bin/ ./cmd/... ./examples/...

test: ## set up what the tests need, then run every suite and print its time
	@scripts/test.sh

test-long: ## the suites of `make test` in their long form, and every fuzz target for FUZZTIME
	@FUZZTIME=$(FUZZTIME) scripts/test.sh --long

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## run every fuzz target for FUZZTIME (default 20s)
	@scripts/fuzz.sh $(FUZZTIME)

lint: ## go vet, gofmt, and staticcheck when it can be fetched
	@scripts/vet.sh
	@if go run $(STATICCHECK) -version >/dev/null 2>&1; then go run $(STATICCHECK) ./...; \
	else echo "lint: staticcheck could not be fetched, left out (try: go run $(STATICCHECK) -version)"; fi

clean: ## remove what the other targets made
	rm -rf bin artifacts .stepup-dev conformance/real-client/node_modules
