#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The linters, each of them one test.

accel_topic=lint
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
scripts=$accel_tree/scripts
"$scripts/setup.sh" stock
make_cache
cd "$accel_tree"

in_root() {
	"$scripts/in-root.sh" -- "$@"
}

# Runs one linter; what it says is only of interest when it fails.
lint() {
	local name=$1 text
	shift
	if text=$("$@" 2>&1); then
		echo "ok $name"
	else
		head -n 80 <<<"$text" | remark
		echo "not ok $name"
	fi
}

shell_scripts() {
	tree_files | while read -r file; do
		case $file in
		*.sh) echo "$file" ;;
		*.*) ;;
		*) ! head -n 1 "$file" | grep -qE '^#!/bin/(busybox )?(ba)?sh' || echo "$file" ;;
		esac
	done
}

check_shell() {
	local files
	mapfile -t files < <(shell_scripts)
	# Busybox's shell is checked as the POSIX one.
	in_root shellcheck --external-sources --source-path=SCRIPTDIR --source-path=/accel "${files[@]}"
}

check_spelling() {
	local files
	mapfile -t files < <(tree_files | grep -vE '^LICENSES/|\.lock$')
	in_root codespell --ignore-words-list=crate,ser,inout,mis,ond,upto,ba,anonymus,iput,aer "${files[@]}"
}

# What the README shows of the sample is what compiles.
check_readme() {
	# shellcheck disable=SC2016 # these are back quotes
	diff <(sed -n '/^```rust$/,/^```$/p' README.md | sed '1d;$d') \
		<(sed -n '/^struct Minimal;$/,$p' samples/accel_minimal.rs)
}

# What the pages name is there.
check_names() {
	in_root /accel/scripts/doc_names.py
}

# What Rust says of C is so.
check_c_side() {
	in_root /accel/scripts/c_side.py "$(in_cache "$(kernel_dir stock "$(kernel_version)")")"
}

# Every file has a licence, in its first lines. Lock files are generated.
check_spdx() {
	local missing
	missing=$(tree_files | grep -vE '^LICENSES/|\.lock$' | while read -r file; do
		head -n 5 "$file" | grep -q 'SPDX-License-Identifier: ' || echo "$file"
	done)
	[ -z "$missing" ] || {
		printf 'no SPDX line in:\n%s\n' "$missing"
		return 1
	}
}

# checkpatch judges patches to the kernel's tree; of a whole tree of our own
# these are not asked: changes of paths, and help texts of one line.
#
# What exports.c has in common with the kernel's own rust/exports.c is that it
# exports symbols of another language, which cannot stand next to them. Those
# who declare tracepoints lay them out as the kernel does everywhere.
#
# It takes its time, so what was found right is not judged again, by the same
# rules, until it is changed.
check_patch() {
	local source passed sums files found status=0
	source=$(source_dir "$(kernel_version)")
	passed=$accel_cache/checkpatch-$(cat "$source/scripts/checkpatch.pl" "$scripts/suites/lint.sh" | hash_of)
	touch "$passed"
	sums=$(tree_files | grep -E '\.(c|h|rs)$|(^|/)(Kbuild|Kconfig|Makefile)$' |
		grep -vE '^tools/(accel|npu)/' | xargs sha256sum)
	# After 64 digits and two blanks, the name.
	mapfile -t files < <(grep -vxFf "$passed" <<<"$sums" | cut -c67-)
	[ ${#files[@]} -gt 0 ] || return 0
	found=$(in_root env -C "$(in_cache "$source")" \
		perl scripts/checkpatch.pl --strict --no-summary --terse --show-types --quiet \
		--ignore FILE_PATH_CHANGES,CONFIG_DESCRIPTION --max-line-length=100 \
		-f "${files[@]/#//accel/}") || status=$?
	# 1 is that it has remarks; those that are accepted may be all.
	if [ "$status" -eq 1 ]; then
		local accepted='exports\.c:.*(EXPORT_SYMBOL|MACRO_ARG_REUSE)'
		accepted+='|tracepoints\.h:.*(PARENTHESIS_ALIGNMENT|OPEN_ENDED_LINE)'
		if grep -vE "^/accel/rust/accel/sys/($accepted)" <<<"$found"; then
			return 1
		fi
	elif [ "$status" -ne 0 ]; then
		printf '%s' "$found"
		return "$status"
	fi
	echo "$sums" >"$passed.$$"
	mv "$passed.$$" "$passed"
}

kernel_clippy() {
	ACCEL_VARIANT=clippy "$scripts/modules.sh" stock CLIPPY=1
}

# Debian 13's sparse is too old to know __typeof_unqual__, and the kernel then
# skips the check without an error; what it stands for makes no difference here.
# Nor does it know the length of a string in an assertion; the compiler does.
# What is built stays so: with C=2, it is only looked at.
kernel_sparse() {
	"$scripts/modules.sh" stock C=2 \
		"CF=-D__typeof_unqual__=__typeof__ -D'_Static_assert(...)=' -Wsparse-error"
}

tools_clippy() {
	"$scripts/cargo.sh" clippy --quiet --locked --all-targets -- -D warnings
}

# Those that compile go beside the others; what they say comes in their turn.
outputs=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
trap 'rm -rf "$outputs"' EXIT
lint clippy kernel_clippy >"$outputs/clippy" &
{
	lint rustdoc "$scripts/rustdoc.sh"
	lint sparse kernel_sparse
} >"$outputs/stock" &

lint rustfmt "$scripts/fmt.sh" --check
lint checkpatch check_patch
lint shellcheck check_shell
lint codespell check_spelling
lint spdx check_spdx
lint kconfig "$scripts/kconfig.sh"
lint pages "$scripts/pages.sh"
lint floors "$scripts/floors.py"
lint floors-test "$scripts/floors_test.py"
lint examples "$scripts/examples.py" --share
lint c-side check_c_side
lint c-side-test in_root /accel/scripts/c_side_test.py
lint readme check_readme
lint doc-names check_names
lint tools-clippy tools_clippy
wait
cat "$outputs/clippy" "$outputs/stock"
