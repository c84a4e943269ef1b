#!/usr/bin/env bash
# Lists the packages whose tests need nothing but Go: no database and no browser.
set -euo pipefail
cd "$(dirname "$0")/.."

# A package with tests of both kinds (in it, and beside it) has two lines here; either makes it heavy.
go list -test -f '{{if .ForTest}}{{.ForTest}} {{join .Deps " "}}{{end}}' ./... | awk '
	NF { seen[$1] }
	/internal\/store\/storetest|chromedp/ { heavy[$1] }
	END { for (path in seen) if (!(path in heavy)) print path }' | sort
