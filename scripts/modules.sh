#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds our modules for one of the kernels: modules.sh stock|uml|debug|bench [MAKE ARGUMENT...]
#
# The objects are kept outside the tree, so that the kernels do not disturb
# each other and only what changed is built again. Prints the folder.

accel_topic=modules
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
flavour=${1:-}
[ -n "$flavour" ] || die "usage: modules.sh stock|uml|debug|bench [MAKE ARGUMENT...]"
shift
version=$(kernel_version) || die "run scripts/setup.sh $flavour first"
build=$(kernel_dir "$flavour" "$version")
[ -f "$build/.accel-ready" ] || die "there is no $flavour kernel yet: run scripts/setup.sh $flavour"
output=$accel_cache/modules/$flavour-$(tree_key)${ACCEL_VARIANT:+-$ACCEL_VARIANT}

in_root() {
	"$accel_tree/scripts/in-root.sh" -- "$@"
}

# The arguments that make Kbuild build this tree for that kernel, with all of
# the kernel's extra warnings (W=1), each of them an error (W=e).
kbuild() {
	local arguments
	mapfile -t arguments < <(kbuild_arguments "$flavour" "$version")
	# Only for this one, which is there to be quick: what others run on is built as
	# every kernel is.
	[ "$flavour" != uml ] || arguments+=(KRUSTFLAGS=-Cincremental=incremental)
	in_root make -s -C "$(in_cache "$(source_dir "$version")")" "O=$(in_cache "$build")" \
		M=/accel "MO=$(in_cache "$output")" "-j$(nproc)" SAMPLES=1 TESTS=1 \
		"${arguments[@]}" "$@" >&2
}

# Type information of a module refers to that of the kernel, which the stock kernel's
# headers have: little else is in their vmlinux. A link, since all builds share the folder.
provide_btf() {
	local vmlinux=/usr/src/linux-headers-$version/vmlinux
	[ -f "$(root_dir "$version")$vmlinux" ] || return 0
	ln -sfn "$vmlinux" "$build/vmlinux"
	# Kbuild does not notice that what was linked before has none.
	if [ ! -e "$output/with-btf" ]; then
		rm -f "$output"/*.ko
		touch "$output/with-btf"
	fi
}

# Lays the modules out as modules_install would, with those of the kernel that
# tests use, so that modprobe finds both.
install_modules() {
	local boot release made_of
	boot=$("$accel_tree/scripts/guest/boot-files.sh" "$flavour")
	# A guest may be looking at them.
	made_of=$(cd "$output" && echo "$boot" && sed 's/\.o$/.ko/' modules.order | xargs stat -c '%n %i %.Y')
	[ "$(cat "$output/lib/made-of" 2>/dev/null)" != "$made_of" ] || return 0
	release=$(cat "$boot/release")
	rm -rf "${output:?}/lib"
	cp -al "$boot/lib" "$output/lib"
	mkdir -p "$output/lib/modules/$release/updates"
	sed 's/\.o$/.ko/' "$output/modules.order" | while read -r path; do
		cp "$output/$path" "$output/lib/modules/$release/updates/"
	done
	in_root depmod --basedir "$(in_cache "$output")" "$release"
	echo "$made_of" >"$output/lib/made-of"
}

build_modules() {
	[ "$flavour" != stock ] || provide_btf
	kbuild W=1e "$@" modules || die "the modules do not build for the $flavour kernel"
	if [ "$flavour" != uml ] && [ -z "${ACCEL_VARIANT:-}" ]; then
		install_modules
	fi
}

mkdir -p "$output"
with_lock "modules-$(basename "$output")" build_modules "$@"
echo "$output"
