#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs Cargo in tools/accel with the root folder's toolchain; what it builds is
# kept in the cache: cargo.sh ARGUMENT...

accel_topic=cargo
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
target=$accel_cache/cargo-target/$(tree_key)
mkdir -p "$target"
cd "$accel_tree/tools/accel"
exec "$accel_tree/scripts/in-root.sh" -- env "CARGO_TARGET_DIR=$(in_cache "$target")" cargo "$@"
