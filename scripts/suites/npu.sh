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
logged npu "$scripts/cargo.sh" build --quiet --locked -p npu || die "the device does not build"
built=$accel_cache/cargo-target/$(tree_key)/debug/npu
folder=$("$scripts/build-selftests.sh" stock)
run=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
inside=$(in_cache "$run")
devices=() options=()
trap 'kill "${devices[@]}" 2>/dev/null || true; rm -rf "$run"' EXIT

npu() {
	"$scripts/in-root.sh" -- "$(in_cache "$built")" "$@"
}

# Starts a device, the next of the machine: device OPTION... Orders for device number N come
# from the port npuN of the guest.
device() {
	local n=${#devices[@]}
	local place=$inside/$n said=$run/said$n
	: >"$said"
	npu serve --socket "$place" --control "$place-control" "$@" >"$said" &
	devices+=($!)
	for ((tenth = 0; tenth < 300; tenth++)); do
		! grep -q ready "$said" || break
		sleep 0.1
	done
	options+=(--device "pcie-root-port,id=rp$n,chassis=$n,slot=$n")
	options+=(--device '{"driver":"vfio-user-pci","bus":"rp'"$n"'",
		"socket":{"type":"unix","path":"'"$place"'"}}')
	options+=(--chardev "socket,id=npu$n,path=$place-control")
	options+=(--device "virtserialport,chardev=npu$n,name=npu$n")
}

# Runs a program in a guest with those devices: guest MODULES LOG PROGRAM...
# A device as a program sees the guest's memory only if that is a file.
guest() {
	local modules=$1 log=$2 status=0
	shift 2
	"$scripts/guest/run.sh" --modules "$modules" --log "$log" --timeout 900 \
		--machine q35,memory-backend=mem \
		--object memory-backend-memfd,id=mem,size=1G,share=on \
		--append intel_iommu=on --device intel-iommu,intremap=on,caching-mode=on \
		"${options[@]}" "$@" || status=$?
	# They end with their client.
	for number in "${!devices[@]}"; do
		wait "${devices[number]}" || printf 'not '
		echo "ok device $number ends with the guest"
	done
	devices=() options=()
	return "$status"
}

# Modules of the kernel only.
mkdir "$run/modules"
cp -al "$("$scripts/guest/boot-files.sh" stock)/lib" "$run/modules/"
"$scripts/in-root.sh" -- depmod --basedir "$inside/modules" "$(kernel_version)"
device
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
device --revision b
device --revision a --vectors 4
device --revision b --vectors 0
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
