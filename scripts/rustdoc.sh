#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Documents our crates, with each of rustdoc's warnings an error, compiles the
# examples, and prints the folder. Kbuild documents the kernel's own crates only,
# so this repeats the commands that built ours, as Kbuild has saved them, with
# rustdoc.

accel_topic=rustdoc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
modules=$("$accel_tree/scripts/modules.sh" stock)

# Prints the command that has built a crate, without its outputs and its source.
saved_command() {
	sed -nE '1s/^savedcmd_[^ ]+ := //p' "$1" |
		sed -E -e 's/ --emit=[^ ]+//g' -e 's| --out-dir [^ ]+||' -e 's| [^ ]+\.rs *(;.*)?$||'
}

# Runs a command where Kbuild has run it.
run() {
	"$accel_tree/scripts/in-root.sh" -- env -C "$(in_cache "$modules")" RUSTC_BOOTSTRAP=1 sh -c "$1"
}

# The outputs of the compiler are not rustdoc's; all else is the same.
document() {
	run "$(saved_command "$1" | sed 's/ rustc / rustdoc /') --output doc --document-private-items $2"
}

# Compiles the examples of the crate `accel`, as the smallest sample is.
compile_examples() {
	"$accel_tree/scripts/examples.py" >"$modules/examples.rs" &&
		run "$(saved_command "$modules/samples/.accel_minimal.o.cmd") --crate-name examples \
			--emit=metadata=examples.rmeta examples.rs"
}

documented=0
while read -r saved; do
	root=$(sed -n 's|^source_[^ ]* := /accel/||p' "$saved")
	# Of a crate that is gone, the command is still there.
	[ -f "$accel_tree/$root" ] || continue
	document "$saved" "/accel/$root" || die "the documentation of $(basename "$saved" .o.cmd | cut -c2-) has errors"
	documented=$((documented + 1))
done < <(grep -lE '^savedcmd_.* rustc ' -r --include='.*.o.cmd' "$modules")
[ "$documented" -gt 0 ] || die "no command that has built a crate was found in $modules"
compile_examples || die "the examples have errors"
echo "$modules/doc"
