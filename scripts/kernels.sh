#!/bin/sh
# Lays kernels for tests in virtual machines into a directory: those of Debian 12's
# cloud images, the release's own and the backported one, for amd64 and arm64.
# scripts/kernels.sh DIR
set -eu
dir=$1
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
# An apt with this machine's sources, and nothing else of it: another architecture is
# no business of the machine's own.
mkdir -p state/lists/partial cache/archives/partial
: >status
for arch in amd64 arm64; do
	cat >config <<EOF
APT::Architecture "$arch"; APT::Architectures { "$arch"; }; APT::Sandbox::User "root"; Acquire::Languages "none";
Dir::State "$work/state"; Dir::State::status "$work/status"; Dir::Cache "$work/cache";
EOF
	export APT_CONFIG="$work/config"
	apt-get update -qq
	for version in '6\.1\.0-[0-9]+' '6\.12\.[0-9]+\+deb[0-9]+'; do
		package=$(apt-cache search --names-only "^linux-image-$version-cloud-$arch\$" | cut -d' ' -f1 | sort -V | tail -1)
		[ -n "$package" ] || { echo "apt knows no kernel for $arch like $version"; continue; }
		kernel=$dir/vmlinuz-${package#linux-image-}
		[ ! -e "$kernel" ] || continue
		apt-get download -qq "$package"
		dpkg-deb --fsys-tarfile "$package"_*.deb | tar -x --wildcards './boot/vmlinuz-*'
		rm -f "$dir/vmlinuz-$(echo "${package#linux-image-}" | cut -d. -f1,2)."*-"$arch" # an older one of the series
		mv boot/vmlinuz-* "$dir"
	done
done
