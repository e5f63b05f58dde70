#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest: has accel_npu drive each device of tools/npu, and prints the KTAP of
# the programs that test it:
#
#   npu-driver.sh [PROGRAM...]    without arguments, all of them
#
# The devices are in the order of their PCI addresses; that with number N takes orders
# at the port npuN. Firmware for them is in /modules/npu.
#
# Exit status 0 means that all of them ran, not that all tests passed.

firmware=/lib/firmware/accel/npu.bin
driver=/sys/bus/pci/drivers/accel_npu
failed=0
[ $# -gt 0 ] || set -- npu_test npu_ring_test npu_fault_test npu_busy_test npu_gone_test

devices=()
for device in /sys/bus/pci/devices/*; do
	if [ "$(cat "$device/vendor" "$device/device" | tr '\n' ' ')" = '0x1234 0x4e50 ' ]; then
		devices+=("${device##*/}")
	fi
done

# Prints a line: result STATUS NAME
result() {
	local not=''
	[ "$1" -eq 0 ] || not='not '
	echo "${not}ok 1 $2"
}

# Whether the driver refuses a device with that firmware, and says why.
refuses() {
	dmesg --clear
	rm -f "$firmware"
	[ ! -e "/modules/npu/$1" ] || cp "/modules/npu/$1" "$firmware"
	echo "${devices[0]}" >"$driver/bind" 2>/dev/null && return 1
	dmesg | grep -q "$2"
}

mkdir -p "${firmware%/*}"
echo 'KTAP version 1'
echo '# Subtest: npu_firmware_test'
# The latter has fences that tests signal.
modprobe -a accel_npu vgem || failed=1
refuses missing 'cannot do without firmware accel/npu.bin'
result $? 'without firmware, a device is not bound'
refuses old.bin 'firmware accel/npu.bin is refused: it is too old'
result $? 'firmware that is too old is refused'
refuses damaged.bin 'firmware accel/npu.bin is refused: its payload is damaged'
result $? 'firmware that is damaged is refused'
cp /modules/npu/npu.bin "$firmware"
for device in "${devices[@]}"; do
	echo "$device" >"$driver/bind"
	result $? "with firmware, $device is bound"
done
udevadm settle

export ACCEL_REQUIRE=1 ACCEL_NPU_KO=/modules/accel_npu.ko ACCEL_NPU ACCEL_NPU_CONTROL
for number in "${!devices[@]}"; do
	ACCEL_NPU=${devices[number]}
	ACCEL_NPU_CONTROL=/dev/virtio-ports/npu$number
	for program; do
		echo "KTAP version 1"
		echo "# Subtest: $program.$number"
		echo "accel-guest: $program.$number" >/dev/kmsg
		timeout 300 "/modules/selftests/$program" | sed 's/^/    /'
		status=${PIPESTATUS[0]}
		[ "$status" -le 4 ] || failed=1
		result "$status" "$program.$number"
	done
done
modprobe --remove accel_npu || failed=1
exit "$failed"
