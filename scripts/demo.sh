#!/bin/sh
# Builds mapsan and runs its main job on examples/sessions, a web service with
# one map race. Needs Go and git, nothing else.
set -eu
cd "$(dirname "$0")/.."
out=${1:-$(mktemp -d)}
mkdir -p "$out"
go build -o "$out/mapsan" ./cmd/mapsan
echo "+ cd examples/sessions && mapsan test -html $out/races.html ./..."
status=0
(cd examples/sessions && "$out/mapsan" test -html "$out/races.html" ./...) || status=$?
if [ "$status" != 66 ]; then
	echo "demo: exit status $status where 66 (a race was found) was to come; 'mapsan doctor' may say why" >&2
	"$out/mapsan" doctor >&2 || true
	exit 1
fi
echo "The page: $out/races.html   The command: $out/mapsan"
