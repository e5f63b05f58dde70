#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the selftests of the nodes in a guest: selftests.sh stock|debug
# Prints a line for each test, and one for the kernel's log.

accel_topic=selftests
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
kernel=$1
modules=$("$scripts/build-guest.sh" "$kernel")
make_cache

# Programs that need no libraries start faster, and there are many processes.
"$scripts/in-root.sh" -- make -s -C /accel/tools/testing/selftests/accel LDFLAGS=-static \
	"KSRC=$(in_cache "$(source_dir "$(kernel_version)")")" \
	"OUTPUT=$(in_cache "$modules")/selftests" >&2 || die "the selftests do not build"

# Runs programs, or all, in a guest: run_guest NAME OPTION... -- PROGRAM...
# Instead of the program that does that, another one may be in $runner.
runner=/accel/scripts/guest/selftests.sh
run_guest() {
	local name=$1 log ktap found status=0 options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	log=$accel_cache/logs/selftests-$name-$(tree_key).log
	ktap=${log%.log}.ktap
	"$scripts/guest/run.sh" --kernel "$kernel" --timeout "${ACCEL_TIMEOUT:-1800}" --log "$log" \
		"${options[@]}" "$runner" "$@" >"$ktap" || status=$?
	awk -v "prefix=$name." -f "$scripts/ktap.awk" "$ktap"

	if [ "$status" -eq 0 ] && grep -q '^ok ' "$ktap"; then
		echo "ok $name.guest"
	else
		tail -n 20 "$ktap" | remark
		echo "# exit status $status; all output: $ktap"
		echo "not ok $name.guest"
	fi

	if found=$("$scripts/guest/check-log.sh" "$log"); then
		echo "ok $name.kernel-log"
	else
		remark <<<"$found"
		echo "# the whole log: $log"
		echo "not ok $name.kernel-log"
	fi
}

# The machine is the one that can unplug a device. The second device is the
# memory for accel_test_pci.
# shellcheck disable=SC2054 # the commas are QEMU's
run_guest "$kernel" --machine pc --device edu,id=edu0 \
	--object memory-backend-ram,id=memory,size=4M,share=on \
	--device ivshmem-plain,memdev=memory --

# Behind an IOMMU, the edu device reaches all memory. Which of its two ways to do
# DMA a kernel takes does not depend on what that checks: once is enough.
if [ "$kernel" = stock ]; then
	run_guest "$kernel-iommu" --device intel-iommu --append intel_iommu=on --device edu \
		--object memory-backend-ram,id=memory,size=4M,share=on \
		--device ivshmem-plain,memdev=memory -- iommu_test import_test coherent_test
	# Below a bridge, devices reach each other.
	run_guest "$kernel-p2p" --machine pc --device pci-bridge,id=below,chassis_nr=1 \
		--device edu,bus=below,addr=1,dma_mask=0xffffffff \
		--object memory-backend-ram,id=memory,size=4M,share=on \
		--device ivshmem-plain,bus=below,addr=2,memdev=memory -- p2p_test
fi

# The machine sleeps, and with it all devices: also those that files would be on.
alone=(accel.ko accel_test.ko accel_test_pci.ko selftests/suspend_test)
mapfile -t alone < <(printf -- "--alone\n$modules/%s\n" "${alone[@]}")
runner=./suspend.sh
run_guest "$kernel-suspend" --machine pc --object memory-backend-ram,id=memory,size=4M,share=on \
	--device ivshmem-plain,memdev=memory --alone "$scripts/guest/suspend.sh" "${alone[@]}" --
