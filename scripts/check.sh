#!/usr/bin/env bash
# `make check`: static checks, and the tests that need nothing but Go. One that fails does not stop the next.
set -euo pipefail
cd "$(dirname "$0")/.."

# Pinned; fetched on first use into bin/tools, never a dependency of a module.
declare -A tools=(
	[staticcheck]=honnef.co/go/tools/cmd/staticcheck@v0.8.2
	[unparam]=mvdan.cc/unparam@v0.0.0-20260823230713-2fa3d841b0c8
	[deadcode]=golang.org/x/tools/cmd/deadcode@v0.52.0
	[govulncheck]=golang.org/x/vuln/cmd/govulncheck@v1.9.0
)
modules=(. web release conformance/kms conformance/oidc conformance/totp conformance/wycheproof)

failed=()
left_out=()

# step NAME COMMAND… runs one check. It has failed if it says so or, being deadcode, if it prints anything.
step() {
	local name=$1 from=$SECONDS verdict=ok output
	shift
	output=$("$@" 2>&1) || verdict=FAILED
	[ "$name" != deadcode ] || [ -z "$output" ] || verdict=FAILED
	printf '%-12s %4d s  %s\n' "$name" $((SECONDS - from)) $verdict
	[ $verdict = ok ] && return
	printf '%s\n' "$output"
	failed+=("$name")
}

# tool NAME ARGS… is a step that is done by one of the tools.
tool() {
	local name=$1 output
	shift
	if output=$(GOBIN=$PWD/bin/tools GOFLAGS= go install "${tools[$name]}" 2>&1); then
		step "$name" "bin/tools/$name" "$@"
	else
		left_out+=("$name: it could not be fetched; type: go install ${tools[$name]}"$'\n'"$output")
	fi
}

formatted() {
	local files
	files=$(git ls-files --cached --others --exclude-standard '*.go' | while read -r file; do [ ! -e "$file" ] || gofmt -l "$file"; done)
	[ -z "$files" ] || { echo "not formatted; type: gofmt -w" $files; return 1; }
}

vet() {
	local module
	for module in "${modules[@]}"; do (cd "$module" && go vet ./...) || return 1; done
}

# tests are those of packages that need no database, browser or other program. Their results are cached.
tests() {
	go test -vet=off $(scripts/light-packages.sh) && (cd web && go test -vet=off ./...)
}

# vulnerabilities looks for known ones. Its database may be out of reach, which is no verdict: exit status 3 is one.
vulnerabilities() {
	local from=$SECONDS verdict=ok output status=0
	if ! output=$(GOBIN=$PWD/bin/tools GOFLAGS= go install "${tools[govulncheck]}" 2>&1); then
		left_out+=("govulncheck: it could not be fetched"$'\n'"$output")
		return
	fi
	output=$(bin/tools/govulncheck ./... 2>&1) || status=$?
	case $status in
	0) ;;
	3) verdict=FAILED failed+=(govulncheck) ;;
	*)
		left_out+=("govulncheck: known vulnerabilities were NOT looked for: $(tail -n 1 <<<"$output")")
		return
		;;
	esac
	printf '%-12s %4d s  %s\n' govulncheck $((SECONDS - from)) $verdict
	[ $verdict = ok ] || printf '%s\n' "$output"
}

step gofmt formatted
step vet vet
tool staticcheck ./...
tool unparam ./...
tool deadcode -test ./...
vulnerabilities
step tests tests

if [ ${#left_out[@]} -gt 0 ]; then printf '\nNOT CHECKED  %s\n' "${left_out[@]}"; fi
if [ ${#failed[@]} -gt 0 ]; then
	printf '\nfailed: %s\n' "${failed[*]}"
	exit 1
fi
