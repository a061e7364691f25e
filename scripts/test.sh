#!/bin/sh
# Runs all tests, the heavy ones too, and installs what they need. Ends with the
# skips, each with its reason. scripts/test.sh -short leaves the heavy ones out;
# -world adds whole suites of the library and of modules, half an hour.
set -eu
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

if [ "${1:-}" != -short ]; then
	export MAPSAN_HEAVY=1
	step "system packages"
	need=
	command -v gcc >/dev/null || need="$need gcc libc6-dev"
	[ "$(uname -m)" = aarch64 ] || command -v qemu-aarch64 >/dev/null || need="$need qemu-user"
	command -v qemu-system-aarch64 >/dev/null || need="$need qemu-system-arm"
	command -v chromium >/dev/null || need="$need chromium"
	command -v qemu-system-x86_64 >/dev/null || need="$need qemu-system-x86"
	command -v clang >/dev/null && [ -e /usr/include/bpf/bpf_helpers.h ] || need="$need clang llvm libbpf-dev"
	if [ -n "$need" ]; then
		if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
			apt-get update -qq
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
		else
			echo "not installed:$need (only root can, with apt-get): tests that need them are skipped"
		fi
	fi

	if command -v apt-get >/dev/null; then
		step "kernels for virtual machines"
		MAPSAN_KERNELS=${XDG_CACHE_HOME:-$HOME/.cache}/mapsan-kernels
		export MAPSAN_KERNELS
		scripts/kernels.sh "$MAPSAN_KERNELS" || echo "not all can be had: tests on those that cannot are skipped"
	fi

	step "Go toolchains"
	have=
	for v in go1.26.8 go1.25.5 go1.27.3; do # the first is tested at length
		if GOTOOLCHAIN=$v go version; then
			have=$have${have:+,}$v
		else
			echo "$v cannot be had: tests that need it are skipped"
		fi
	done
	export MAPSAN_SUITE_TOOLCHAINS=$have
	if [ "${1:-}" = -world ]; then
		export MAPSAN_WORLD=1
	fi
fi

step "gofmt, go vet, staticcheck"
unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
	echo "not formatted by gofmt:" $unformatted
	exit 1
fi
nested="safemap/proof safemap/bench" # modules of their own: users of safemap get none of what they require
go vet ./...
(cd examples/sessions && go vet ./...)
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
for dir in $nested; do
	(cd "$dir" && go vet ./... && go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...)
done

step "go test"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
go build -o "$bin/tally" ./internal/tally
# sh has no pipefail: the tally's status counts, which fails where none passed.
for dir in . $nested; do
	(cd "$dir" && go test -json -timeout 70m ./... || true)
done | "$bin/tally"
