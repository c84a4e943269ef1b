#!/usr/bin/env bash
# `make sdk`: builds the JavaScript packages and packs them into artifacts/sdk. Needs Node.js 20 or newer with npm.
set -euo pipefail
cd "$(dirname "$0")/../sdk/typescript"

if ! command -v npm >/dev/null || [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
	echo "Node.js 20 or newer with npm is missing (https://nodejs.org/); on Debian 13 or newer type: apt-get install -y nodejs npm" >&2
	exit 1
fi
if ! cmp -s package-lock.json node_modules/.installed-lock; then
	echo "Installing what the packages are built with"
	npm ci --ignore-scripts
	cp package-lock.json node_modules/.installed-lock
fi
npm run --silent build
npm run --silent pack
echo "In artifacts/sdk:"
ls ../../artifacts/sdk
