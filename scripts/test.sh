#!/usr/bin/env bash
# `make test` and `make test-long` (--long): sets up what the tests need, then runs every suite.
set -euo pipefail
cd "$(dirname "$0")/.."

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
# The long form installs the packages of a release on a fresh Debian, which only root can make.
if [ "${1:-}" = --long ] && [ "$(id -u)" = 0 ]; then
	command -v debootstrap >/dev/null || packages+=(debootstrap)
	command -v rpm >/dev/null || packages+=(rpm)
fi
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

# promtool runs the tests of the alerts. Debian's package would start a server of its own, so only that file of it is taken.
tools=$PWD/artifacts/tools
fetch_promtool() (
	folder=$(mktemp -d)
	trap 'rm -rf "$folder"' EXIT
	cd "$folder"
	apt-get download prometheus || { apt-get update && apt-get download prometheus; } || return
	dpkg-deb -x prometheus_*.deb . && mkdir -p "$tools" && mv usr/bin/promtool "$tools"
)
if ! command -v promtool >/dev/null && [ ! -x "$tools/promtool" ] && command -v dpkg-deb >/dev/null; then
	echo "Fetching promtool"
	fetch_promtool || echo "promtool could not be fetched: the alerts are not tested"
fi
export PATH=$PATH:$tools

# What is said of poolers is tested where there is one.
if ! command -v pgbouncer >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "Installing pgbouncer"
	DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends pgbouncer >/dev/null ||
		echo "PgBouncer could not be installed: a pooler before PostgreSQL is not tested"
fi

# installed FOLDER WHAT installs the npm packages of a folder unless they are there.
installed() {
	if cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock"; then return; fi
	echo "Installing $2"
	(cd "$1" && npm ci) || die "the npm packages could not be installed; type:" "cd $1 && npm ci"
	cp "$1/package-lock.json" "$1/node_modules/.installed-lock"
}
installed conformance/real-client "the published client"
installed conformance/passkeys "the second opinion on passkeys"
installed conformance/wallet "the second opinions on wallets"
installed sdk/typescript "what the JavaScript packages are built and tested with"

exec scripts/with-postgres.sh scripts/suites.sh "$@"
