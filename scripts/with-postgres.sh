#!/usr/bin/env bash
# Runs a command beside a fresh PostgreSQL server in a temporary folder, then removes both.
# TEST_POSTGRES_URL is for Go tests (internal/store/storetest), DATABASE_URL for everything else; both name the server's
# empty database "stepup".
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)

# In memory where there is room: most of what a fresh database costs is the making of its files.
below=${TMPDIR:-/tmp}
if [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 2097152 ]; then
	below=/dev/shm
fi
dir=$(mktemp -d "$below/stepup-pg-XXXXXX")
chmod 755 "$dir"

# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
	chown postgres "$dir"
	as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
fi

# Everything below holds the pipe open, so the server goes when the last of them is gone, even by kill -9.
mkfifo "$dir/alive"
(
	trap '' INT TERM HUP
	read -r <"$dir/alive" || true
	(cd "$dir" && "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop) || true
	rm -rf "$dir"
) </dev/null >/dev/null 2>&1 &
keeper=$!
exec {alive}>"$dir/alive"
trap 'exec {alive}>&-; wait "$keeper"' EXIT
trap 'exit 1' INT TERM

(
	cd "$dir"
	"${as[@]}" "$bin/initdb" -D data -U stepup --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null
	cat >>data/postgresql.conf <<-END
		max_connections = 300
		shared_buffers = 64MB
		autovacuum_naptime = 1h
		log_min_messages = fatal
		listen_addresses = ''
		unix_socket_directories = '$dir'
	END
	"${as[@]}" "$bin/pg_ctl" -D data -w -l log start >/dev/null
	"${as[@]}" "$bin/createdb" -h "$dir" -U stepup stepup
) {alive}>&-
DATABASE_URL="postgres://stepup@localhost/stepup?host=$dir&sslmode=disable"
TEST_POSTGRES_URL=$DATABASE_URL
export DATABASE_URL TEST_POSTGRES_URL
"$@"
