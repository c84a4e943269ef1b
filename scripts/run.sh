#!/usr/bin/env bash
# `make run`: the server in development mode and the example service, on loopback, until Ctrl-C.
# Needs only Go and bash. PORT and SERVICE_PORT choose other ports, DATA another folder for what is kept, and
# ALLOWED_ORIGINS are origins, separated by commas, whose pages may call the example service besides the demo.
# EXAMPLE_SERVICE=node takes the example service on Node, which needs Node.js and make too, in place of the one in Go.
set -euo pipefail
cd "$(dirname "$0")/.."

server=127.0.0.1:${PORT:-8080}
service=127.0.0.1:${SERVICE_PORT:-8090}
environment=11111111-2222-4333-8444-555555555555
data=${DATA:-.stepup-dev}
case ${EXAMPLE_SERVICE:=go} in
go) program=(bin/go-service) ;;
node) program=(node examples/node-service/main.mjs) ;;
*) echo "EXAMPLE_SERVICE is $EXAMPLE_SERVICE, and there is an example service in go and one on node." >&2 && exit 1 ;;
esac

if ! command -v go >/dev/null; then
	echo "Go is missing. Install it from https://go.dev/dl/, then type: make run" >&2
	exit 1
fi

# ready HOST:PORT reports whether /readyz there answers 200. Bash speaks TCP itself, so curl is not needed.
ready() {
	local answer
	exec 3<>"/dev/tcp/${1%:*}/${1#*:}" || return 1
	printf 'GET /readyz HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3
	read -r answer <&3 || true
	exec 3>&-
	[[ $answer == *" 200 "* ]]
}

for address in "$server" "$service"; do
	if (exec 3<>"/dev/tcp/${address%:*}/${address#*:}") 2>/dev/null; then
		echo "Something listens on $address already. Stop it, or choose other ports: PORT=8081 SERVICE_PORT=8091 make run" >&2
		exit 1
	fi
done

echo "Building the server and the example service. The first time this takes some minutes, later seconds."
CGO_ENABLED=0 go build -o bin/ ./cmd/stepup ./examples/go-service
if [ "$EXAMPLE_SERVICE" = node ]; then (cd examples/node-service && node prestart.mjs); fi

pids=()
stop() {
	trap - EXIT INT TERM
	if [ ${#pids[@]} -gt 0 ]; then
		kill -TERM "${pids[@]}" 2>/dev/null || true
		wait "${pids[@]}" 2>/dev/null || true
	fi
	echo "Stopped. What you did is kept in $data; delete it to begin anew."
}
trap stop EXIT
trap 'exit 0' INT TERM

bin/stepup serve --dev --data "$data" --listen "$server" --bank-url "http://$service" &
pids+=($!)
until (ready "$server") 2>/dev/null; do
	if ! kill -0 "${pids[0]}" 2>/dev/null; then
		echo "The server did not start; the reason stands above." >&2
		exit 1
	fi
	sleep 0.2
done

ISSUER="http://$server/api/v0/sdk/$environment" \
	SERVICE_TOKEN_FILE="$data/example-service.token" \
	LISTEN="$service" ALLOWED_ORIGINS="http://localhost:${server#*:}${ALLOWED_ORIGINS:+,$ALLOWED_ORIGINS}" \
	"${program[@]}" &
pids+=($!)

# Both run until one ends or the user has enough.
while kill -0 "${pids[0]}" 2>/dev/null && kill -0 "${pids[1]}" 2>/dev/null; do
	sleep 0.5
done
echo "One of the two processes ended; the reason stands above." >&2
exit 1
