#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Formats all Rust sources, each part with its own configuration; with --check
# only tells which are not.

accel_topic=fmt
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$accel_tree/scripts/setup.sh" root
cd "$accel_tree"

mapfile -t kernel_files < <(tree_files | grep "\.rs$" | grep -vE "^tools/(accel|npu)/")
if [ ${#kernel_files[@]} -gt 0 ]; then
	scripts/in-root.sh -- rustfmt --edition 2021 --config-path /accel/.rustfmt.toml "$@" "${kernel_files[@]}"
fi
cd tools/accel
../../scripts/in-root.sh -- cargo fmt --all "$@"
