#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds all that a guest needs for the selftests: build-selftests.sh stock|debug
# Prints the folder, as build-guest.sh does.

accel_topic=build
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
modules=$("$scripts/build-guest.sh" "$1")
make_cache

# The programs are the same for all kernels.
programs=$accel_cache/selftests/$(tree_key)-$(hash_of <"$(root_dir "$(kernel_version)")/toolchain")

# Programs that need no libraries start faster, and there are many processes.
build_programs() {
	"$scripts/in-root.sh" -- make -s -C /accel/tools/testing/selftests/accel "-j$(nproc)" \
		LDFLAGS=-static "KSRC=$(in_cache "$(source_dir "$(kernel_version)")")" \
		"OUTPUT=$(in_cache "$programs")" >&2 || die "the selftests do not build"
	# Linked by name: a build replaces a program, it never writes into it. A guest may be
	# running those that are the same.
	local program
	mkdir -p "$modules/selftests"
	for program in "$programs"/*_test "$programs/tests.list"; do
		[ "$program" -ef "$modules/selftests/${program##*/}" ] ||
			cp -l --remove-destination "$program" "$modules/selftests/"
	done
}

mkdir -p "$programs"
with_lock "selftests-$(tree_key)" build_programs
echo "$modules"
