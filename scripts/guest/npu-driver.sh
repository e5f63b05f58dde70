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
[ $# -gt 0 ] || set -- conformance_test conformance_info_test conformance_buffer_test \
	conformance_unbind_test npu_test npu_ring_test npu_fault_test npu_busy_test npu_gone_test

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

# Prints that of a part of npu_firmware_test: part STATUS NAME
parts=0
verdict=0
part() {
	local not=''
	[ "$1" -eq 0 ] || not='not ' verdict=1
	parts=$((parts + 1))
	echo "    ${not}ok $parts $2"
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
echo "    1..$((3 + 2 * ${#devices[@]}))"
# The latter has fences that tests signal.
modprobe -a accel_npu vgem || failed=1
refuses missing 'cannot do without firmware accel/npu.bin'
part $? 'without firmware, a device is not bound'
refuses old.bin 'firmware accel/npu.bin is refused: it is too old'
part $? 'firmware that is too old is refused'
refuses damaged.bin 'firmware accel/npu.bin is refused: its payload is damaged'
part $? 'firmware that is damaged is refused'
cp /modules/npu/npu.bin "$firmware"
for device in "${devices[@]}"; do
	status=0
	echo "$device" >"$driver/bind" || status=1
	part "$status" "with firmware, $device is bound"
done
udevadm settle

# As many as each has.
vectors=(17 4 1)
for number in "${!devices[@]}"; do
	irqs=("/sys/bus/pci/devices/${devices[number]}/msi_irqs"/*)
	[ ${#irqs[@]} -eq "${vectors[number]}" ]
	part $? "device $number has ${vectors[number]} vectors"
done
result "$verdict" npu_firmware_test

export ACCEL_REQUIRE=1 ACCEL_NPU_KO=/modules/accel_npu.ko ACCEL_NPU ACCEL_NPU_CONTROL
export ACCEL_CONFORMANCE ACCEL_CONFORMANCE_UNBIND=1
for number in "${!devices[@]}"; do
	ACCEL_NPU=${devices[number]}
	ACCEL_NPU_CONTROL=/dev/virtio-ports/npu$number
	# The last one, which the others have before it ends.
	export ACCEL_NPU_PEER=${devices[-1]}
	[ "$ACCEL_NPU" != "$ACCEL_NPU_PEER" ] || unset ACCEL_NPU_PEER
	for program; do
		echo "KTAP version 1"
		echo "# Subtest: $program.$number"
		# It changes when the device is bound anew.
		node=("/sys/bus/pci/devices/$ACCEL_NPU/accelerator"/accel*)
		ACCEL_CONFORMANCE=/dev/accelerator/${node[0]##*/}
		echo "accel-guest: $program.$number" >/dev/kmsg
		timeout "${ACCEL_NPU_TIMEOUT:-600}" "/modules/selftests/$program" | sed 's/^/    /'
		status=${PIPESTATUS[0]}
		[ "$status" -le 4 ] || failed=1
		result "$status" "$program.$number"
	done
done
modprobe --remove accel_npu || failed=1
exit "$failed"
