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

# Programs that need no libraries start faster, and there are many processes.
"$scripts/in-root.sh" -- make -s -C /accel/tools/testing/selftests/accel LDFLAGS=-static \
	"KSRC=$(in_cache "$(source_dir "$(kernel_version)")")" \
	"OUTPUT=$(in_cache "$modules")/selftests" >&2 || die "the selftests do not build"
echo "$modules"
