#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What modules_install installs, and that a driver in a repository of its own can
# be built against it, and loaded, but not beside another accel.ko; that the
# conformance programs, which are for its author, can be built, as can the driver
# for the guest; and that what the tutorial shows works.

accel_topic=external
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
scripts=$accel_tree/scripts
"$scripts/setup.sh" stock
make_cache
only_one external
version=$(kernel_version)
build=$(kernel_dir stock "$version")
work=$accel_cache/external/$(tree_key)
mapfile -t arguments < <(kbuild_arguments stock "$version")
mkdir -p "$work"

in_root() {
	"$scripts/in-root.sh" -- "$@"
}

# Installs the modules of a tree below $work/NAME: install TREE NAME [ARGUMENT...]
install_modules() {
	local tree=$1 name=$2
	shift 2
	rm -rf "${work:?}/$name"
	mkdir -p "$work/$name" "$work/$name.built"
	in_root make -s -C "$tree" "-j$(nproc)" "KDIR=$(in_cache "$build")" \
		"MO=$(in_cache "$work/$name.built")" "INSTALL_MOD_PATH=$(in_cache "$work/$name")" \
		"${arguments[@]}" "$@" modules_install >"$work/$name.log" 2>&1 ||
		die "the modules do not install: see $work/$name.log"
}

# Builds the repository of a driver against what is installed below $work/NAME.
build_repository() {
	local name=$1 repository=$2
	in_root make -s -C "$(in_cache "$build")" "M=$(in_cache "$repository")" \
		"ACCEL=$(in_cache "$work/$name/lib/modules/$version/accel")" \
		"${arguments[@]}" W=1e modules >"$repository.log" 2>&1
}

build_driver() {
	local name=$1 repository=$work/repository-$1
	rm -rf "$repository"
	cp -r "$accel_tree/samples/out-of-tree" "$repository"
	build_repository "$name" "$repository" || die "the driver does not build: see $repository.log"
}

# Writes the files that the tutorial shows, each a code block whose caption is its
# name, below a folder.
extract_tutorial() {
	awk -v "folder=$1" '
		/^\.\. code-block::/ { file = ""; inside = 1; next }
		/^[^ ]/ { inside = 0 }
		inside && $1 == ":caption:" { file = $2; next }
		inside && file != "" {
			path = folder "/" file
			if (!(file in made)) {
				made[file] = 1
				parent = path
				sub("/[^/]*$", "", parent)
				system("mkdir -p \"" parent "\"")
				# The line between the options and the code.
				next
			}
			print substr($0, 4) >path
		}' "$accel_tree/Documentation/accel/tutorial.rst"
}

# The driver and the program of the tutorial, as they are printed there.
build_tutorial() {
	local repository=$work/tutorial
	rm -rf "$repository"
	extract_tutorial "$repository"
	mv "$repository/drivers/accel/accel_counter.rs" "$repository/"
	sed 's/accel_vendor/accel_counter/g' "$accel_tree/samples/out-of-tree/Kbuild" >"$repository/Kbuild"
	build_repository installed "$repository" &&
		in_root gcc -Wall -Wextra -Werror -static -I /accel/include/uapi \
			-I "$(in_cache "$repository/include/uapi")" -o "$(in_cache "$repository/counter")" \
			"$(in_cache "$repository/counter.c")" >>"$repository.log" 2>&1
}

# A copy of the tree, with one field more in what a driver and accel.ko share.
# Only what has changed is written, so that it alone is built again.
change_tree() {
	local new=$work/changed.new old=$work/changed
	rm -rf "$new"
	mkdir -p "$new/scripts"
	cp -r "$accel_tree"/{Kbuild,Makefile,rust,include} "$new/"
	cp "$scripts"/{check-kdir.sh,driver.mk,install-devel.sh} "$new/scripts/"
	sed -i -e '/^pub(crate) struct DriverOps {/a #[allow(dead_code)]\n    pub(crate) added: u64,' \
		-e 's/^        built_for: &/        added: 0,\n&/' "$new"/rust/accel/{device,driver}/ops.rs
	if [ -d "$old" ] && diff -rq "$new" "$old" >/dev/null; then
		rm -rf "$new"
	else
		rm -rf "$old"
		mv "$new" "$old"
	fi
}

# Debian 12 has no headers of DRM, which other selftests need.
build_conformance() {
	mkdir -p "$work/without/drm"
	echo '#error "this is not there"' >"$work/without/drm/drm.h"
	in_root make -s -C /accel/tools/testing/selftests/accel \
		"KSRC=$(in_cache "$(source_dir "$version")")" "OUTPUT=$(in_cache "$work/conformance")" \
		"CPPFLAGS=-I$(in_cache "$work/without")" conformance >"$work/conformance.log" 2>&1
}

# What the guest is shown as /modules.
lay_out() {
	local boot
	boot=$("$scripts/guest/boot-files.sh" stock)
	rm -rf "$work/modules"
	mkdir -p "$work/modules"
	cp -al "$boot/lib" "$work/modules/lib"
	cp -r "$work/installed/lib/modules/$version/updates" "$work/modules/lib/modules/$version/"
	in_root depmod --basedir "$(in_cache "$work/modules")" "$version"
	cp "$work/repository-installed/accel_vendor.ko" "$work/modules/"
	cp "$work/repository-another/accel_vendor.ko" "$work/modules/accel_vendor_of_another.ko"
	cp "$work/tutorial/accel_counter.ko" "$work/tutorial/counter" "$work/modules/"
}

install_modules /accel installed
found=$(cd "$work/installed/lib/modules/$version/updates" && find . -name '*.ko*' | sed 's/\.ko\..*/.ko/' | LC_ALL=C sort)
wanted=$(printf './%s.ko\n' accel accel_edu accel_npu accel_sim)
[ "$found" = "$wanted" ] || { remark <<<"$found" && printf 'not '; }
echo 'ok neither samples nor tests are installed'

build_conformance || { tail -n 20 "$work/conformance.log" | remark && printf 'not '; }
echo 'ok the conformance programs need no headers of DRM'

if ! repository=$("$scripts/driver.sh" "$accel_tree/samples/out-of-tree" 2>"$work/driver.log") ||
	[ ! -f "$repository/accel_vendor.ko" ]; then
	tail -n 20 "$work/driver.log" | remark
	printf 'not '
fi
echo 'ok a driver of another repository is built for the guest'

build_driver installed
build_tutorial || die "the driver of the tutorial does not build: see $work/tutorial.log"
change_tree
install_modules "$(in_cache "$work/changed")" another \
	CONFIG_RUST_ACCEL_{EDU,NPU,SIM}=
build_driver another
lay_out
"$scripts/guest/run.sh" --modules "$work/modules" --device pci-testdev /accel/scripts/guest/external.sh
