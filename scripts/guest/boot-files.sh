#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes what a guest boots from, once per kernel: boot-files.sh stock|debug|bench
# Prints the folder, in which are vmlinuz, initramfs, release, and lib/ with
# those of the kernel's own modules that tests use.

accel_topic=guest
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
make_cache
flavour=$1
version=$(kernel_version) || die "run scripts/setup.sh $flavour first"
build=$(kernel_dir "$flavour" "$version")
[ -f "$build/.accel-ready" ] || die "there is no $flavour kernel yet: run scripts/setup.sh $flavour"

# Needed before there is a root file system, in the order of loading.
boot_modules='9p 9pnet_virtio overlay'
# Wanted by tests, beside what the kernel has built in.
test_modules='vgem vfio-pci vfio_iommu_type1'

output=$build/boot-$(cat "$accel_tree/scripts/guest/"{init,boot-files.sh} | hash_of)

in_root() {
	"$accel_tree/scripts/in-root.sh" -- "$@"
}

# Copies modules and what they depend on; prints the initramfs' load order.
copy_stock_modules() {
	local path
	for path in $(in_root modprobe --set-version "$version" --show-depends --all "$@" |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'); do
		install -D -m 644 "$(root_dir "$version")$path" "$partial$path"
		echo "$path"
	done
}

make_boot_files() {
	local path files=$partial/initramfs.d
	[ ! -d "$output" ] || return 0
	rm -rf "$partial"
	mkdir -p "$files/bin"
	: >"$files/modules.order"
	if [ "$flavour" = stock ]; then
		echo "$version" >"$partial/release"
		cp "$(root_dir "$version")/usr/lib/modules/$version/vmlinuz.unsigned" "$partial/vmlinuz"
		# shellcheck disable=SC2086 # lists of names
		{
			copy_stock_modules $test_modules >/dev/null
			for path in $(copy_stock_modules $boot_modules); do
				xz -dc "$partial$path" >"$files/$(basename "$path" .xz)"
				echo "/$(basename "$path" .xz)" >>"$files/modules.order"
			done
		}
		cp "$(root_dir "$version")/usr/lib/modules/$version/modules".{builtin,builtin.modinfo,order} \
			"$partial/lib/modules/$version/"
	else
		cp "$build/include/config/kernel.release" "$partial/release"
		cp "$build/arch/x86/boot/bzImage" "$partial/vmlinuz"
		mkdir -p "$partial/lib/modules/$(cat "$partial/release")"
		cp "$build"/modules.{builtin,builtin.modinfo,order} \
			"$partial/lib/modules/$(cat "$partial/release")/"
	fi
	cp "$(root_dir "$version")/usr/bin/busybox" "$files/bin/"
	cp "$accel_tree/scripts/guest/init" "$files/init"
	chmod 755 "$files/init"
	# shellcheck disable=SC2016 # expanded by the inner shell
	in_root sh -c 'cd "$1" && find . | cpio --quiet -o -H newc -R 0:0 | gzip -1 >../initramfs' \
		sh "$(in_cache "$files")"
	rm -rf "$files"
	mv "$partial" "$output"
}

partial=$output.partial
[ -d "$output" ] || with_lock "boot-$flavour" make_boot_files
echo "$output"
