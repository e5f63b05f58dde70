#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the selftests of the nodes in guests:
#
#   selftests.sh stock|debug FOLDER GUEST...
#
# The folder is that of build-selftests.sh, the guests are main, iommu, p2p, swiotlb, bus, platform,
# suspend, shutdown.
# Prints a line for each test, and one for the kernel's log of each guest.

accel_topic=selftests
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
kernel=$1
modules=$2
shift 2
make_cache

# The kernel's log of a guest.
log_of() {
	echo "$accel_cache/logs/selftests-$1-$(tree_key).log"
}

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
	log=$(log_of "$name")
	ktap=${log%.log}.ktap
	# That of another run says nothing of this one.
	rm -f "$log"
	"$scripts/guest/run.sh" --kernel "$kernel" --modules "$modules" \
		--timeout "${ACCEL_TIMEOUT:-3600}" --log "$log" "${options[@]}" "$runner" "$@" >"$ktap" || status=$?
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

memory=(--object "memory-backend-ram,id=memory,size=4M,share=on")

# The machine is the one that can unplug a device. The second device is the
# memory for accel_test_pci.
guest_main() {
	run_guest "$kernel" --machine pc --device edu,id=edu0 \
		"${memory[@]}" --device ivshmem-plain,memdev=memory --
}

# Behind an IOMMU, the edu device reaches all memory.
guest_iommu() {
	run_guest "$kernel-iommu" --device intel-iommu --append intel_iommu=on --device edu \
		"${memory[@]}" --device ivshmem-plain,memdev=memory \
		-- iommu_test import_test dma_in_flight_test coherent_test
}

# The DMA of all devices goes to copies of the memory, as in a guest that keeps
# its memory from the host. The edu device reaches all of the memory.
guest_swiotlb() {
	run_guest "$kernel-swiotlb" --machine pc --append "swiotlb=force accel_edu.dma_bits=32" \
		--device edu,dma_mask=0xffffffff \
		"${memory[@]}" --device ivshmem-plain,memdev=memory -- \
		dma_range_test import_test dma_in_flight_test buffer_test buffer_map_test \
		dmabuf_test user_memory_test coherent_test movable_test movable_lost_test \
		edu_test edu_stalled_test
}

# Below a bridge, devices reach each other, and the bridge can reset them. Without
# MSI, both edu devices interrupt on the same line. A third one reaches too little.
guest_p2p() {
	run_guest "$kernel-p2p" --machine pc --append pci=nomsi \
		--device pci-bridge,id=below,chassis_nr=1,addr=0x10 \
		--device edu,bus=below,addr=1,dma_mask=0xffffffff \
		"${memory[@]}" --device ivshmem-plain,bus=below,addr=2,memdev=memory \
		--device pci-bridge,id=alone,chassis_nr=2,addr=0x11 \
		--device edu,bus=alone,addr=4,dma_mask=0xffffffff \
		--device edu,addr=0x12,dma_mask=0xffffff \
		-- p2p_test shared_line_test edu_reach_test
}

# Below ports that report errors. QEMU knows them by their names in bus_error_test, which
# has a device interrupt by its registers, while that has a driver.
guest_bus() {
	run_guest "$kernel-bus" --append iomem=relaxed \
		--device pcie-root-port,id=root1,chassis=1,slot=1 --device edu,bus=root1 \
		--device pcie-root-port,id=root2,chassis=2,slot=2 \
		--device edu,bus=root2,addr=0.0,multifunction=on \
		"${memory[@]}" --device ivshmem-plain,bus=root2,addr=0.1,memdev=memory \
		-- bus_reset_test bus_error_test
}

# Has a virtio device on the platform bus, for accel_rng, which gives numbers that count up.
# Its own clocks are too few for the kernel to find out about the processor's. What the device
# writes goes to copies of the memory, so that it shows whether they are copied back in time.
guest_platform() {
	local numbers
	numbers=$(mktemp "$accel_cache/runs/XXXXXXXX")
	"$scripts/in-root.sh" -- python3 -c 'import array, sys
array.array("I", range(1 << 23)).tofile(sys.stdout.buffer)' >"$numbers"
	run_guest "$kernel-platform" --machine microvm,acpi=on,pcie=on,rtc=on \
		--append "tsc_early_khz=2500000 swiotlb=force" --global virtio-mmio.force-legacy=off \
		--object "rng-random,id=numbers,filename=$(in_cache "$numbers")" \
		--device virtio-rng-device,rng=numbers -- rng_test
	rm -f "$numbers"
}

# The machine sleeps, and with it all devices: also those that files would be on.
guest_suspend() {
	local file version alone=("$scripts/guest/suspend.sh")
	for file in accel.ko accel_test.ko accel_test_pci.ko selftests/suspend_test; do
		alone+=("$modules/$file")
	done
	# Of the kernels, this is the one that hibernates.
	if [ "$kernel" = stock ]; then
		version=$(kernel_version)
		alone+=("$(root_dir "$version")/lib/modules/$version/kernel/drivers/block/brd.ko.xz")
	fi
	mapfile -t alone < <(printf -- '--alone\n%s\n' "${alone[@]}")
	# One that does not come back is to show how far it came, and soon.
	ACCEL_TIMEOUT=${ACCEL_TIMEOUT:-300} runner=./suspend.sh run_guest "$kernel-suspend" \
		--machine pc --append "no_console_suspend pm_debug_messages" \
		"${memory[@]}" --device ivshmem-plain,memdev=memory "${alone[@]}" --
}

# The machine shuts down before its programs end. That it does, and what was said of it, is
# only in the log.
guest_shutdown() {
	local file log alone=(--alone "$scripts/guest/shutdown.sh")
	for file in accel.ko accel_test.ko accel_test_device.ko accel_edu.ko \
		selftests/shutdown_test; do
		alone+=(--alone "$modules/$file")
	done
	ACCEL_TIMEOUT=${ACCEL_TIMEOUT:-300} runner=./shutdown.sh run_guest "$kernel-shutdown" \
		--machine pc --device edu --device edu "${alone[@]}" --
	log=$(log_of "$kernel-shutdown")
	if grep -q 'accelerator accel.*: stopped, as the system shuts down' "$log" &&
		grep -q 'reboot: Power down' "$log"; then
		echo "ok $kernel-shutdown.powers-off"
	else
		echo "not ok $kernel-shutdown.powers-off"
	fi
}

for guest; do
	"guest_$guest"
done
