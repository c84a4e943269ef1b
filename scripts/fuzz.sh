#!/usr/bin/env bash
# Runs every fuzz target of the module, one after the other, each for the time given (default 20s).
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-20s}

targets=$(grep -rEo --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]+\(' . | sort)
if [ -z "$targets" ]; then
	echo "fuzz: no fuzz targets found" >&2
	exit 1
fi

failed=0
while IFS=: read -r file declaration; do
	name=${declaration#func }
	name=${name%(}
	echo "fuzz: $name in $(dirname "$file")"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x -timeout 10m "$(dirname "$file")" || failed=1
done <<<"$targets"
exit $failed
