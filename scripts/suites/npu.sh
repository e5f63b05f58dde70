#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The device of tools/npu in two guests, behind an IOMMU: that QEMU and Linux see what its
# datasheet says, and that it works for a driver in user space; and its driver accel_npu, with
# both revisions of the device, and with 17, fewer and one interrupt vectors.

accel_topic=npu
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
scripts=$accel_tree/scripts
"$scripts/setup.sh" stock
make_cache
only_one npu
folder=$("$scripts/build-selftests.sh" stock)
run=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
inside=$(in_cache "$run")
trap 'npu_stop; rm -rf "$run"' EXIT
# shellcheck source=scripts/npu-device.sh
. "$scripts/npu-device.sh"

# Runs a program in a guest with those devices: guest MODULES LOG PROGRAM...
guest() {
	local modules=$1 log=$2 status=0
	shift 2
	"$scripts/guest/run.sh" --modules "$modules" --log "$log" --timeout 900 \
		"${npu_machine[@]}" \
		--append intel_iommu=on --device intel-iommu,intremap=on,caching-mode=on \
		"${npu_options[@]}" "$@" || status=$?
	# They end with their client.
	for number in "${!npu_devices[@]}"; do
		wait "${npu_devices[number]}" || printf 'not '
		echo "ok device $number ends with the guest"
	done
	npu_devices=() npu_options=()
	return "$status"
}

# Modules of the kernel only.
mkdir "$run/modules"
cp -al "$("$scripts/guest/boot-files.sh" stock)/lib" "$run/modules/"
"$scripts/in-root.sh" -- depmod --basedir "$inside/modules" "$(kernel_version)"
npu_device --revision b
guest "$run/modules" "$run/log" /accel/scripts/guest/npu.py

# With the driver, and firmware for it.
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
log=$accel_cache/logs/npu-$(tree_key).log
ktap=${log%.log}.ktap
status=0
guest "$run/driver" "$log" /accel/scripts/guest/npu-driver.sh >"$ktap" || status=$?
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
