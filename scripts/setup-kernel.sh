#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prepares or builds one kernel: setup-kernel.sh stock|uml|debug|bench
# Called by setup.sh, which holds the lock. Make itself resumes what was
# interrupted; the file .accel-ready says that a folder is complete.

accel_topic=setup
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
flavour=$1
version=$(kernel_version)
source=$(source_dir "$version")
output=$(kernel_dir "$flavour" "$version")
log=$accel_cache/logs/$flavour.log

in_root() {
	"$accel_tree/scripts/in-root.sh" -- "$@"
}

step() {
	say "$flavour kernel: $1 $2 ... (log: $log)"
}

unpack_source() {
	local archive partial=$source.partial
	[ ! -f "$source/.accel-ready" ] || return 0
	archive=/usr/src/linux-source-$(cut -d. -f1,2 <<<"$version").tar.xz
	say "Linux source: unpacking"
	rm -rf --one-file-system "$partial" "$source"
	mkdir "$partial"
	in_root tar -C "$(in_cache "$partial")" --strip-components=1 --no-same-owner -xf "$archive" ||
		die "unpacking $archive failed: free some space, then repeat"
	touch "$partial/.accel-ready"
	mv "$partial" "$source"
}

# Kbuild, as the toolchain of this kernel wants it called.
kbuild() {
	local arguments
	mapfile -t arguments < <(kbuild_arguments "$flavour" "$version")
	logged "$flavour" in_root make -C "$(in_cache "$source")" \
		"O=$(in_cache "$output")" "${arguments[@]}" "$@" ||
		die "building the $flavour kernel failed: see $log; repeat to go on"
}

# The stock kernel was built elsewhere: its headers package has all that is
# needed except the Rust metadata, which the matching source gives.
prepare_stock() {
	local headers=/usr/src/linux-headers-$version root
	root=$(root_dir "$version")
	need_space 2 "the stock kernel"
	step 1/1 "preparing for modules, about 3 minutes"
	cp "$root$headers/.config" "$root$headers/Module.symvers" "$output/"
	kbuild olddefconfig
	kbuild prepare modules_prepare
	[ -f "$output/rust/libkernel.rmeta" ] ||
		die "the stock kernel's source did not give rust/libkernel.rmeta: see $log"
}

# allnoconfig leaves out silently what a request depends on: find it out.
check_config() {
	local fragment=$1 missing
	missing=$(grep -E '^CONFIG_' "$fragment" | grep -vxF -f "$output/.config" || true)
	[ -z "$missing" ] || die "these of $fragment had no effect: $(tr '\n' ' ' <<<"$missing")"
	missing=$(sed -nE 's/^# (CONFIG_[A-Z0-9_]+) is not set$/\1/p' "$fragment" |
		while read -r name; do grep -o "^$name=.*" "$output/.config" || true; done)
	[ -z "$missing" ] || die "these are on in spite of $fragment: $(tr '\n' ' ' <<<"$missing")"
}

build_own() {
	local minutes=$1 gib=$2 fragment=$accel_tree/scripts/kernels/$flavour.config
	need_space "$gib" "the $flavour kernel"
	step 1/2 "configuring"
	cp "$fragment" "$output/fragment"
	kbuild "KCONFIG_ALLCONFIG=$(in_cache "$output/fragment")" allnoconfig
	check_config "$fragment"
	step 2/2 "building, about $minutes minutes"
	kbuild "-j${ACCEL_JOBS:-$(nproc)}" all
}

with_lock source unpack_source
mkdir -p "$output"
case $flavour in
stock) prepare_stock ;;
uml) build_own 8 3 ;;
debug) build_own 20 6 ;;
bench) build_own 14 3 ;;
esac
touch "$output/.accel-ready"
say "$flavour kernel: done"
