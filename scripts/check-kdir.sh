#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Says in one line what keeps a kernel tree from building our modules, which
# the build itself would say in a hundred: check-kdir.sh DIR

set -euo pipefail

kdir=$1

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

config() {
	sed -n "s/^$1=\"\\?\\([^\"]*\\)\"\\?\$/\\1/p" "$kdir/include/config/auto.conf"
}

# Is version $1 at least $2?
at_least() {
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

[ -d "$kdir" ] || die "$kdir is not there: name a built kernel tree with KDIR=DIR"
[ -f "$kdir/include/config/auto.conf" ] ||
	die "$kdir is not a configured kernel tree: run 'make' in it first"
[ "$(config CONFIG_RUST)" = y ] ||
	die "the kernel in $kdir has no CONFIG_RUST=y: enable it ('make rustavailable' says what it needs)"
for option in CONFIG_GPU_BUDDY CONFIG_SYNC_FILE; do
	[ "$(config "$option")" = y ] ||
		die "the kernel in $kdir has no $option=y, which buffers and fences need: enable a driver that selects it, such as an accelerator or GPU of DRM; Debian's cloud kernels have none, its others do"
done
# The rest of what our Kconfig asks for, which an external build does not read.
for option in CONFIG_EVENTFD CONFIG_HAS_DMA CONFIG_HAS_IOMEM CONFIG_MMU CONFIG_MULTIUSER; do
	[ "$(config "$option")" = y ] ||
		die "the kernel in $kdir has no $option=y, without which the framework does not build: enable it"
done
[ -f "$kdir/rust/libkernel.rmeta" ] ||
	die "$kdir/rust/libkernel.rmeta is missing: build the tree, or 'make prepare modules_prepare'; headers packages leave it out"

rustc=${RUSTC:-rustc}
command -v "$rustc" >/dev/null || die "$rustc is missing: install $(config CONFIG_RUSTC_VERSION_TEXT)"
ours=$("$rustc" --version)
theirs=$(config CONFIG_RUSTC_VERSION_TEXT)
[ "$ours" = "$theirs" ] ||
	die "the kernel was built with '$theirs', but $rustc is '$ours': use the same with RUSTC=..."

bindgen=${BINDGEN:-bindgen}
source=$kdir
[ -f "$source/scripts/min-tool-version.sh" ] || source=$kdir/source
wanted=$(sh "$source/scripts/min-tool-version.sh" bindgen)
command -v "$bindgen" >/dev/null || die "$bindgen is missing: install bindgen $wanted or later"
found=$("$bindgen" --version workaround-for-0.69.0 2>/dev/null | sed -nE 's/.* ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p') || true
[ -n "$found" ] ||
	die "$bindgen does not say its version: install bindgen $wanted or later, and name it with BINDGEN=..."
at_least "$found" "$wanted" ||
	die "$bindgen is version $found: install $wanted or later, and name it with BINDGEN=..."
