#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whether our Kconfig is right within a kernel tree: in a kernel that has nothing
# but what the framework depends on, it can be chosen, and brings what it uses. An
# external build does not read it, and the stock kernel has it all anyway.

accel_topic=kconfig
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
make_cache
version=$(kernel_version) || die "run scripts/setup.sh stock first"
source=$(source_dir "$version")
folder=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
trap 'rm -rf "$folder"' EXIT

# What "depends on" names.
needed=(64BIT EXPERT MULTIUSER RUST ALLOW_DEV_COREDUMP PCI)
# What code beyond the kernel crate calls, where a kernel may have it or not.
brought=(DMA_SHARED_BUFFER EVENTFD GPU_BUDDY MMU_NOTIFIER SYNC_FILE WANT_DEV_COREDUMP)
ours=(RUST_ACCEL RUST_ACCEL_EDU RUST_ACCEL_SIM RUST_ACCEL_TEST)

{
	cat "$source/Kconfig"
	echo 'source "/accel/Kconfig"'
} >"$folder/all.kconfig"
printf 'CONFIG_%s=y\n' "${needed[@]}" "${ours[@]}" >"$folder/fragment"
"$accel_tree/scripts/in-root.sh" -- make -s -C "$(in_cache "$source")" "O=$(in_cache "$folder")" \
	LLVM=-19 KCONFIG_WERROR=1 "KBUILD_KCONFIG=$(in_cache "$folder/all.kconfig")" \
	"KCONFIG_ALLCONFIG=$(in_cache "$folder/fragment")" allnoconfig >&2 ||
	die "Kconfig has an error"
for name in "${ours[@]}" "${brought[@]}"; do
	grep -qx "CONFIG_$name=y" "$folder/.config" || die "Kconfig does not bring $name"
done
