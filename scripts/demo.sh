#!/bin/sh
# Runs the demo on a data directory: on the server that runs there, or on one that is
# started for as long as the demo takes.
set -eu
data=${1:?usage: scripts/demo.sh DATA}
log=$(mktemp -d)
bin/rodopath serve --data "$data" --listen 127.0.0.1:0 > "$log/out" 2> "$log/err" &
server=$!
trap 'kill "$server" 2> /dev/null || true; wait "$server" || true; rm -rf "$log"' EXIT
while kill -0 "$server" 2> /dev/null && ! [ -s "$log/out" ]; do sleep 0.1; done
if ! [ -s "$log/out" ]; then
	# This server did not start. Either another one runs on the directory, or this
	# command prints why none can.
	bin/rodopath policy status --data "$data" > /dev/null
fi
bin/rodopath demo --data "$data"
