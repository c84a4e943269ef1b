#!/usr/bin/env bash
# Static checks that need nothing but Go: gofmt and go vet, in every module of the repository.
set -euo pipefail
cd "$(dirname "$0")/.."

files=$(find . -name '*.go' -not -path '*/node_modules/*' -not -path './.git/*')
unformatted=$(gofmt -l $files)
if [ -n "$unformatted" ]; then
	echo "not formatted; type: gofmt -w" $unformatted
	exit 1
fi

for module in . conformance/kms conformance/oidc conformance/totp conformance/wycheproof; do
	echo "go vet: $module"
	(cd "$module" && go vet ./...)
done
