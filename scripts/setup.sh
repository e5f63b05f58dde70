#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Brings what is missing in the cache: setup.sh STAGE...
#
#   root    the Debian root folder: compilers, QEMU, the guest's user space,
#           and the source and image of the newest stock kernel
#   stock   the stock kernel's source, prepared for building modules
#   uml     a User Mode Linux kernel with KUnit
#   debug   an x86_64 kernel with KASAN, lockdep, kmemleak and fault injection
#   bench   an x86_64 kernel without anything that checks, to measure in
#
# Each stage brings what it needs; what is there already costs nothing. It can
# be interrupted at any point and run again, also twice at once.

accel_topic=setup
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts

[ $# -gt 0 ] || die "usage: setup.sh root|stock|uml|debug|bench ..."
for stage; do
	case $stage in
	root | stock | uml | debug | bench) ;;
	*) die "no such stage: $stage (there are root, stock, uml, debug, bench)" ;;
	esac
done
make_cache

root_is_ready() {
	local version
	version=$(kernel_version) && [ -f "$(root_dir "$version")/ready" ]
}

kernel_is_ready() {
	[ -f "$(kernel_dir "$1" "$(kernel_version)")/.accel-ready" ]
}

bring_root() {
	root_is_ready || "$scripts/setup-root.sh"
}

bring_kernel() {
	kernel_is_ready "$1" || "$scripts/setup-kernel.sh" "$1"
}

root_is_ready || with_lock root bring_root
for stage; do
	[ "$stage" != root ] || continue
	kernel_is_ready "$stage" || with_lock "$stage" bring_kernel "$stage"
done
