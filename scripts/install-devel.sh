#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Installs what a driver outside of this tree is built against, beside the
# modules: install-devel.sh BUILT DIR
#
# BUILT is the folder in which the modules were built, DIR is
# /lib/modules/RELEASE, wherever that is. See Documentation/accel/driver.rst.

set -euo pipefail

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
built=$1
target=$2/accel
for file in rust/accel/libaccel.rmeta Module.symvers; do
	[ -f "$built/$file" ] || {
		printf 'error: %s is not there: build the modules first\n' "$built/$file" >&2
		exit 1
	}
done

rm -rf "$target"
mkdir -p "$target/include/accel"
cp "$built/rust/accel/libaccel.rmeta" "$built/Module.symvers" "$tree/scripts/driver.mk" "$target/"
cp "$tree"/include/uapi/accel/*.h "$target/include/accel/"
