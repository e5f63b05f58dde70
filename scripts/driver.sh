#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the driver of another repository against this tree, for the stock
# kernel of the guest, and prints the folder: driver.sh REPOSITORY
#
# The repository is copied and built there; the guest of "make shell" has that
# as /modules/drivers/NAME. See Documentation/accel/driver.rst.

accel_topic=driver
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
repository=$(cd "${1:?usage: driver.sh REPOSITORY}" && pwd -P)
modules=$("$scripts/build-guest.sh" stock)
make_cache
version=$(kernel_version)
copy=$modules/drivers/$(basename "$repository")

mkdir -p "$copy" "$modules/installed"
cp -ru "$repository/." "$copy/"
"$scripts/install-devel.sh" "$modules" "$modules/installed"
mapfile -t arguments < <(kbuild_arguments stock "$version")
"$scripts/in-root.sh" -- make -s -C "$(in_cache "$(kernel_dir stock "$version")")" \
	"M=$(in_cache "$copy")" "ACCEL=$(in_cache "$modules/installed/accel")" \
	"${arguments[@]}" modules >&2 || die "the driver does not build"
echo "$copy"
