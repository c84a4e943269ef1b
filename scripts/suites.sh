#!/usr/bin/env bash
# Runs every suite, in its long form with --long; scripts/test.sh calls it beside a PostgreSQL server that all of them share.
# A failed suite does not stop the next one; the last lines say how long each took and how many failed.
set -euo pipefail
cd "$(dirname "$0")/.."

long=
limit=10m # of one package
if [ "${1:-}" = --long ]; then
	long=1
	limit=60m
	export LONG_TESTS=1
fi

names=()
results=()
times=()
processor=() # seconds, of what the suite itself started
failed=0

# suite NAME COMMAND… runs one suite and remembers its verdict and time.
suite() {
	local name=$1 from=$SECONDS before result=ok
	shift
	before=$(seconds_of_children)
	printf '\n=== %s\n' "$name"
	"$@" || result=FAILED
	[ $result = ok ] || failed=$((failed + 1))
	names+=("$name")
	results+=("$result")
	times+=($((SECONDS - from)))
	processor+=($(($(seconds_of_children) - before)))
}

# seconds_of_children is the processor time of all children that have ended.
seconds_of_children() { awk -v tick="$(getconf CLK_TCK)" '{ print int(($16 + $17) / tick) }' /proc/$$/stat 2>/dev/null || echo 0; }

# The race detector makes a suite two to ten times as expensive. It watches the packages that start goroutines or share
# memory between them; in the long form it watches all.
racing() {
	local shared='^\s*go (func|[a-zA-Z_.]+\()|\.Go\(func|\bsync\.(Mutex|RWMutex|Map|Pool|Cond)\b|"sync/atomic"' path folder
	go list -f '{{.ImportPath}} {{.Dir}}' ./... | while read -r path folder; do
		if find "$folder" -maxdepth 1 -name '*.go' ! -name '*_test.go' -exec grep -lE "$shared" {} + | grep -q .; then echo "$path"; fi
	done
}

go_tests() {
	if [ -n "$long" ]; then
		go test -race -vet=off -shuffle=on -timeout $limit ./...
		return
	fi
	local racing rest status=0
	racing=$(racing)
	rest=$(go list ./... | grep -vxF -e "$racing" -e "$(scripts/light-packages.sh)") # make check has run the light ones
	go test -race -vet=off -shuffle=on -timeout $limit $racing || status=1
	go test -vet=off -shuffle=on -timeout $limit $rest || status=1
	return $status
}

CASES_RESULTS=$(mktemp -d) # what the runners of conformance/cases write
export CASES_RESULTS
trap 'rm -rf "$CASES_RESULTS"' EXIT

# pooled runs what decides, and races, with PgBouncer in transaction mode before the database.
pooled() {
	command -v pgbouncer >/dev/null || { echo "NOT TESTED: PgBouncer is not installed; run: apt-get install -y pgbouncer"; return 0; }
	TEST_POSTGRES_POOLER=1 go test -vet=off -timeout $limit ./internal/store ./internal/elevate ./internal/enforce &&
		TEST_POSTGRES_POOLER=1 go test -vet=off -timeout $limit -run 'TestA[13]' ./internal/attack
}

module() { (cd "conformance/$1" && go test -vet=off -timeout $limit ./...); }

release() { (cd release && go test -vet=off -timeout $limit ./...); }

suite "make check" scripts/check.sh
suite "go tests, shuffled" go_tests
suite "release, made twice" release
suite "wycheproof vectors" module wycheproof
suite "authenticator apps, oracle" module totp
suite "zitadel OpenID provider" module oidc
suite "AWS KMS protocol, local-kms" module kms
suite "real client, both engines" npm --prefix conformance/real-client test --silent
suite "passkeys, second opinion" npm --prefix conformance/passkeys test --silent
suite "wallets, on a real EVM" npm --prefix conformance/wallet test --silent
suite "JavaScript SDK" npm --prefix sdk/typescript test --silent
suite "React app, in a browser" npm --prefix examples/react-app test --silent
suite "React Native app, and Jest" npm --prefix examples/react-native test --silent
suite "cases, by runner" scripts/cases.sh --short
if [ -n "$long" ]; then
	suite "PostgreSQL behind PgBouncer" pooled
	suite "fuzz targets" scripts/fuzz.sh "${FUZZTIME:-20s}"
fi

printf '\n%-28s %8s %10s  %s\n' suite seconds processor result
for i in "${!names[@]}"; do
	printf '%-28s %8d %10d  %s\n' "${names[$i]}" "${times[$i]}" "${processor[$i]}" "${results[$i]}"
done
printf '%-28s %8d\n\n' total $SECONDS
echo "$((${#names[@]} - failed)) passed, $failed failed"
[ $failed = 0 ]
