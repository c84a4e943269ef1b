#!/usr/bin/env bash
# `make test` and `make test-long` (--long): sets up what the tests need, then runs every suite.
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

# ---------------------------------------------------------------- what the tests need

die() {
	printf '\nCannot run the tests: %s\n  %s\n' "$1" "$2" >&2
	exit 1
}

have_go() { command -v go >/dev/null; }
have_compiler() { command -v "$(go env CC)" >/dev/null; } # the race detector links with it
have_postgres() { compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; }
have_browser() {
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable; do
		if command -v $name >/dev/null; then return 0; fi
	done
	return 1
}
have_curl() { command -v curl >/dev/null; } # the documentation is executed
have_node() {
	command -v npm >/dev/null && command -v node >/dev/null &&
		[ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]
}

have_go || die "Go is missing. Install it from https://go.dev/dl/, or type:" "apt-get install -y golang-go"

packages=()
have_compiler || packages+=(gcc libc6-dev)
have_postgres || packages+=(postgresql)
have_browser || packages+=(chromium)
have_curl || packages+=(curl)
have_node || packages+=(nodejs npm)
if [ ${#packages[@]} -gt 0 ]; then
	command -v apt-get >/dev/null ||
		die "these are missing and there is no apt-get here; install their like:" "${packages[*]}"
	line="apt-get update && apt-get install -y --no-install-recommends ${packages[*]}"
	[ "$(id -u)" = 0 ] || die "some packages are missing; type:" "sudo sh -c '$line'"
	echo "Installing ${packages[*]}"
	export DEBIAN_FRONTEND=noninteractive
	sh -c "$line" || die "installing failed; type this and read what it says:" "$line"
fi
have_compiler || die "a C compiler is still missing (the race detector needs one); type:" "apt-get install -y gcc libc6-dev"
have_postgres || die "the PostgreSQL server is still missing from /usr/lib/postgresql; type:" "apt-get install -y postgresql"
have_browser || die "chromium is still missing; type:" "apt-get install -y chromium"
have_curl || die "curl is still missing; type:" "apt-get install -y curl"
have_node || die "Node.js 20 or newer with npm is still missing (https://nodejs.org/); on Debian 13 or newer type:" \
	"apt-get install -y nodejs npm"

client=conformance/real-client
if ! cmp -s "$client/package-lock.json" "$client/node_modules/.installed-lock"; then
	echo "Installing the published client"
	(cd "$client" && npm ci) || die "the npm packages could not be installed; type:" "cd $client && npm ci"
	cp "$client/package-lock.json" "$client/node_modules/.installed-lock"
fi

passkeys=conformance/passkeys
if ! cmp -s "$passkeys/package-lock.json" "$passkeys/node_modules/.installed-lock"; then
	echo "Installing the second opinion on passkeys"
	(cd "$passkeys" && npm ci) || die "the npm packages could not be installed; type:" "cd $passkeys && npm ci"
	cp "$passkeys/package-lock.json" "$passkeys/node_modules/.installed-lock"
fi

wallets=conformance/wallet
if ! cmp -s "$wallets/package-lock.json" "$wallets/node_modules/.installed-lock"; then
	echo "Installing the second opinions on wallets"
	(cd "$wallets" && npm ci) || die "the npm packages could not be installed; type:" "cd $wallets && npm ci"
	cp "$wallets/package-lock.json" "$wallets/node_modules/.installed-lock"
fi

# ---------------------------------------------------------------- the suites

names=()
results=()
times=()
failed=0

# suite NAME COMMAND… runs one suite and remembers its verdict and time.
suite() {
	local name=$1 from=$SECONDS result=ok
	shift
	printf '\n=== %s\n' "$name"
	"$@" || result=FAILED
	[ $result = ok ] || failed=$((failed + 1))
	names+=("$name")
	results+=("$result")
	times+=($((SECONDS - from)))
}

go_tests() { go test -race -shuffle=on -timeout $limit ./...; }
wycheproof() { (cd conformance/wycheproof && go test -timeout $limit ./...); }
totp() { (cd conformance/totp && go test -timeout $limit ./...); }
kms() { (cd conformance/kms && go test -timeout $limit ./...); }
oidc() { (cd conformance/oidc && go test -timeout $limit ./...); }
second_opinion() { npm --prefix "$passkeys" test --silent; }
wallet_opinions() { npm --prefix "$wallets" test --silent; }
real_client() { scripts/with-postgres.sh npm --prefix "$client" test --silent; }

suite "vet, gofmt" scripts/vet.sh
suite "go tests (race, shuffled)" go_tests
suite "wycheproof vectors" wycheproof
suite "authenticator apps, oracle" totp
suite "zitadel OpenID provider" oidc
suite "AWS KMS protocol, local-kms" kms
suite "real client, both engines" real_client
suite "passkeys, second opinion" second_opinion
suite "wallets, on a real EVM" wallet_opinions
if [ -n "$long" ]; then
	suite "fuzz targets" scripts/fuzz.sh "${FUZZTIME:-20s}"
fi

printf '\n%-28s %8s  %s\n' suite seconds result
for i in "${!names[@]}"; do
	printf '%-28s %8d  %s\n' "${names[$i]}" "${times[$i]}" "${results[$i]}"
done
printf '%-28s %8d\n\n' total $SECONDS
echo "$((${#names[@]} - failed)) passed, $failed failed"
[ $failed = 0 ]
