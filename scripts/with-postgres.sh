#!/usr/bin/env bash
# Runs a command with DATABASE_URL pointing at a fresh PostgreSQL server in a temporary folder, then removes both.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
dir=$(mktemp -d)
chmod 755 "$dir"

# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
	chown postgres "$dir"
	as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi

stop() {
	(cd "$dir" && "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1) || true
	rm -rf "$dir"
}
trap stop EXIT
trap 'exit 1' INT TERM

port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
(
	cd "$dir"
	"${as[@]}" "$bin/initdb" -D data -U stepup --auth=trust --encoding=UTF8 --no-sync >/dev/null
	"${as[@]}" "$bin/pg_ctl" -D data -w -l log -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$dir" start >/dev/null
	"${as[@]}" "$bin/createdb" -h 127.0.0.1 -p "$port" -U stepup stepup
)
DATABASE_URL="postgres://stepup@127.0.0.1:$port/stepup?sslmode=disable" "$@"
