#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documents our crates, with each of rustdoc's warnings an error, and prints
# the folder. Kbuild documents the kernel's own crates only, so this repeats
# the commands that built ours, as Kbuild has saved them, with rustdoc.

accel_topic=rustdoc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
modules=$("$accel_tree/scripts/modules.sh" stock)

# The outputs of the compiler are not rustdoc's; all else is the same.
document() {
	local command
	command=$(sed -nE '1s/^savedcmd_[^ ]+ := //p' "$1" | sed -E \
		-e 's/ rustc / rustdoc /' -e 's/ --emit=[^ ]+//g' -e 's| --out-dir [^ ]+| --output doc|' \
		-e 's/(\.rs) *;.*/\1/')
	"$accel_tree/scripts/in-root.sh" -- env -C "$(in_cache "$modules")" RUSTC_BOOTSTRAP=1 \
		sh -c "$command --document-private-items"
}

while read -r saved; do
	document "$saved" || die "the documentation of $(basename "$saved" .o.cmd | cut -c2-) has errors"
done < <(grep -lE '^savedcmd_.* rustc ' -r --include='.*.o.cmd' "$modules")
echo "$modules/doc"
