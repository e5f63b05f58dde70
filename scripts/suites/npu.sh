#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The device of tools/npu in guests, behind an IOMMU: npu.sh [KERNEL [PROGRAM...]]
#
# Without arguments, in two: that QEMU and Linux see what its datasheet says, and that it works
# for a driver in user space; and its driver accel_npu, with both revisions of the device, and with
# 17, fewer and one interrupt vectors.
#
# With a kernel, only the driver, by some of its programs or all. ACCEL_NPU_ROUNDS is how often
# npu_busy_test has each of its ends come.

accel_topic=npu
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
scripts=$accel_tree/scripts
kernel=${1:-stock}
"$scripts/setup.sh" "$kernel"
make_cache
only_one "npu-$kernel"
folder=$("$scripts/build-selftests.sh" "$kernel")
run=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
inside=$(in_cache "$run")
trap 'npu_stop; rm -rf "$run"' EXIT
# shellcheck source=scripts/npu-device.sh
. "$scripts/npu-device.sh"

# Runs a program in a guest with those devices: guest MODULES LOG PROGRAM...
#
# On a busy host, the timer of QEMU may be so late that the kernel takes it for broken.
guest() {
	local modules=$1 log=$2 status=0
	shift 2
	"$scripts/guest/run.sh" --kernel "$kernel" --modules "$modules" --log "$log" \
		--timeout "${ACCEL_TIMEOUT:-1800}" "${npu_machine[@]}" \
		--append "intel_iommu=on no_timer_check" \
		--device "intel-iommu,intremap=$intremap,caching-mode=on" \
		"${npu_options[@]}" "$@" || status=$?
	# They end with their client.
	for number in "${!npu_devices[@]}"; do
		wait "${npu_devices[number]}" || printf 'not '
		echo "ok device $number ends with the guest"
	done
	npu_devices=() npu_options=()
	return "$status"
}

# Modules of the kernel only. VFIO wants interrupts to be remapped.
intremap=on
if [ $# -eq 0 ]; then
	mkdir "$run/modules"
	cp -al "$("$scripts/guest/boot-files.sh" stock)/lib" "$run/modules/"
	"$scripts/in-root.sh" -- depmod --basedir "$inside/modules" "$(kernel_version)"
	npu_device --revision b
	guest "$run/modules" "$run/log" /accel/scripts/guest/npu.py
fi

# With the driver, and firmware for it. Where interrupts are not remapped, a device has no more
# than one vector without MSI-X.
intremap=off
cp -al "$folder" "$run/driver"
mkdir "$run/driver/npu"
npu firmware --version 1.2.3 --output "$inside/driver/npu/npu.bin"
npu firmware --version 0.9.0 --output "$inside/driver/npu/old.bin"
{
	head -c 100 "$run/driver/npu/npu.bin"
	printf damaged
	tail -c +108 "$run/driver/npu/npu.bin"
} >"$run/driver/npu/damaged.bin"
npu_device --revision b
npu_device --revision a --vectors 4
npu_device --revision b --vectors 0
log=$accel_cache/logs/npu-$kernel-$(tree_key).log
ktap=${log%.log}.ktap
status=0
guest "$run/driver" "$log" env "ACCEL_NPU_ROUNDS=${ACCEL_NPU_ROUNDS:-3}" \
	"ACCEL_NPU_TIMEOUT=${ACCEL_NPU_TIMEOUT:-600}" /accel/scripts/guest/npu-driver.sh "${@:2}" \
	>"$ktap" || status=$?
awk -v prefix=npu. -f "$scripts/ktap.awk" "$ktap"
grep '^\(not \)\?ok device' "$ktap"
[ "$status" -eq 0 ] || printf 'not '
echo "ok npu.guest"
if found=$("$scripts/guest/check-log.sh" "$log"); then
	echo "ok npu.kernel-log"
else
	remark <<<"$found"
	echo "not ok npu.kernel-log"
fi
