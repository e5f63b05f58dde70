#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds all that a guest needs of ours, for one kernel: build-guest.sh stock|debug
# Prints the folder that run.sh shows as /modules: the modules, and bin/ with
# the tool. It brings the kernel if need be.

accel_topic=build
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
kernel=$1
"$scripts/setup.sh" "$kernel"
make_cache

say "modules for the $kernel kernel, and accelctl ..."
modules=$("$scripts/modules.sh" "$kernel")
"$scripts/cargo.sh" build --quiet --locked --release --package accelctl >&2 ||
	die "accelctl does not build"
mkdir -p "$modules/bin"
built=$accel_cache/cargo-target/$(tree_key)/release/accelctl
# A guest may be running it.
cmp -s "$built" "$modules/bin/accelctl" || cp --remove-destination "$built" "$modules/bin/"
echo "$modules"
