#!/usr/bin/env bash
# Runs tests with a clock that starts at an instant in UTC: test-at.sh '2027-01-01 00:20' ./rodopath/cli
# The standard library is built with another time.Now, for programs that a test builds as well. The clock of
# testing/synctest stays as it is. Programs from outside keep the clock of the machine, so the tests with a shell or
# with Node are left out, and an instant in the past ends the sign-in of the browser at once.
set -euo pipefail
cd "$(dirname "$0")/../services"
at=$(date -ud "$1" +%s)
shift
offset=$((at - $(date +%s)))
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
source=$(go env GOROOT)/src/time/time.go
# A bubble of testing/synctest begins in the year 2000.
awk -v offset="$offset" '{ print }
  /^func Now\(\) Time \{/ { getline; print; print "\tif sec > 1500000000 {\n\t\tsec += " offset "\n\t}"; n++ }
  END { if (n != 1) exit 1 }' "$source" > "$dir/time.go" ||
  { echo "test-at: time.Now of $(go version) is written in another way; adapt $0" >&2; exit 1; }
printf '{"Replace": {"%s": "%s"}}\n' "$source" "$dir/time.go" > "$dir/overlay.json"
GOFLAGS="-overlay=$dir/overlay.json" go test -count=1 -timeout 60m \
  -skip '^TestExample_TheNodeProgram|^TestCommands_OfEveryPageWork$' "${@:-./...}"
