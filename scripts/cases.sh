#!/usr/bin/env bash
# Prints the table of conformance/cases: which case each runner has passed. With --run it runs all runners first; else it reads what
# they wrote into CASES_RESULTS. With --short there is a line for a file in place of one for a case.
set -euo pipefail
cd "$(dirname "$0")/.."

short=
for argument in "$@"; do
	case $argument in
	--short) short=1 ;;
	--run)
		CASES_RESULTS=$(mktemp -d)
		export CASES_RESULTS
		trap 'rm -rf "$CASES_RESULTS"' EXIT
		go test -count=1 -run '^TestCases$' ./conformance/cases >&2 || true
		(cd sdk/typescript && npm run --silent cases) >&2 || true
		npm --prefix examples/react-native run --silent cases >&2 || true
		;;
	*) echo "usage: scripts/cases.sh [--run] [--short]" >&2 && exit 2 ;;
	esac
done

results=("${CASES_RESULTS:?names the folder of what runners wrote}"/*.*.json)
[ -e "${results[0]}" ] || { echo "no runner wrote anything into $CASES_RESULTS" >&2 && exit 1; }

# A line "set<TAB>runner<TAB>file: name<TAB>verdict" for each verdict; names have no tab and no quotation mark that is not escaped.
verdicts() {
	local result name
	for result in "${results[@]}"; do
		name=$(basename "$result" .json)
		(cat "$result" && echo) | sed -E 's/^\{//; s/\}$//; s/","/"\n"/g' | sed -nE "s/^\"(([^\"\\\\]|\\\\.)*)\":\"([A-Za-z]+)\"\$/${name%%.*}\t${name#*.}\t\1\t\3/p"
	done
}

verdicts | awk -F '\t' -v short="$short" '
	{
		row = $1 "/" $3
		if (!(row in counted)) { counted[row]; cases++ }
		if (short) sub(/: .*/, "", row)
		if (!(row in seen)) { seen[row]; rows[++n] = row; set[row] = $1 }
		if (!($1 SUBSEP $2 in known)) { known[$1, $2]; if (!($2 in column)) { column[$2]; runners[++m] = $2 } }
		all[row, $2]++
		if ($4 == "ok") good[row, $2]++; else failed++
	}
	END {
		wide = short ? 36 : 100
		printf "%-" wide "s", "case"
		for (j = 1; j <= m; j++) printf "  %12s", runners[j]
		print ""
		for (i = 1; i <= n; i++) {
			row = rows[i]
			printf "%-" wide "s", substr(row, 1, wide)
			for (j = 1; j <= m; j++) {
				r = runners[j]
				total = all[row, r] + 0; ok = good[row, r] + 0
				if (!((set[row], r) in known)) cell = ""
				else if (!total) { cell = "MISSING"; failed++ }
				else if (short) cell = ok "/" total
				else cell = ok == total ? "ok" : "FAILED"
				printf "  %12s", cell
			}
			print ""
		}
		printf "\n%d cases, %d failed or missing\n", cases, failed
		exit failed > 0
	}'
