#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tests that mistakes of driver authors do not compile, and that the compiler
# says what is wrong. Prints a line for each case.
#
# Repeats the command by which Kbuild has compiled the smallest sample, with
# another source.

accel_topic=compile-fail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
only_one compile-fail
modules=$("$accel_tree/scripts/modules.sh" stock)
cases=$accel_tree/tools/testing/compile-fail
work=$modules/compile-fail
rm -rf "$work"
mkdir -p "$work"

command=$(sed -nE '1s/^savedcmd_[^ ]+ := //p' "$modules/samples/.accel_minimal.o.cmd" | sed -E \
	-e 's/ --out-dir [^ ]+/ --out-dir compile-fail/' -e 's| --emit=[^ ]+||g' \
	-e 's| [^ ]+\.rs *(;.*)?$| --emit=obj=compile-fail/driver.o compile-fail/driver.rs|')

# Compiles BASE.rs after a sed script; prints what the compiler says.
compile() {
	sed "$2" "$cases/$1.rs" >"$work/driver.rs"
	"$accel_tree/scripts/in-root.sh" -- env -C "$(in_cache "$modules")" RUSTC_BOOTSTRAP=1 \
		sh -c "$command" 2>&1
}

check_case() {
	local base=$1 name=$2 mistake=$3 message=$4 said
	if cmp -s "$cases/$base.rs" <(sed "$mistake" "$cases/$base.rs"); then
		echo "# $name: the mistake changes nothing"
		echo "not ok $name"
	elif said=$(compile "$base" "$mistake"); then
		echo "# $name: compiles"
		echo "not ok $name"
	elif ! grep -qF -- "$message" <<<"$said"; then
		echo "# $name: no '$message' in:"
		head -n 30 <<<"$said" | remark
		echo "not ok $name"
	else
		echo "ok $name"
	fi
}

tab=$'\t'
# Checks the cases of BASE.cases, whose mistakes are made in BASE.rs.
check_cases() {
	local base=$1 name mistake message said
	if said=$(compile "$base" ''); then
		echo "ok $base without a mistake"
	else
		head -n 60 <<<"$said" | remark
		echo "not ok $base without a mistake"
	fi
	while IFS= read -r name; do
		case $name in
		'' | '#'*) continue ;;
		esac
		IFS= read -r mistake
		IFS= read -r message
		case $mistake$message in
		"$tab"?*"$tab"?*) ;;
		*) die "$base.cases: '$name' needs a mistake and a message, indented" ;;
		esac
		check_case "$base" "$name" "${mistake#"$tab"}" "${message#"$tab"}" </dev/null
	done <"$cases/$base.cases"
}

for file in "$cases"/*.cases; do
	check_cases "$(basename "$file" .cases)"
done
