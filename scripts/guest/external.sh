#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads drivers that were built outside of the tree, in the guest: one for the
# accel.ko that is here, and one for another. Prints a line for each test.

result() {
	local status=$?
	if [ "$status" -eq 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
	fi
}

works() {
	modprobe accel && insmod /modules/accel_vendor.ko && udevadm settle &&
		[ -c /dev/accelerator/accel0 ] && rmmod accel_vendor &&
		[ ! -e /dev/accelerator/accel0 ]
}

is_refused() {
	! insmod /modules/accel_vendor_of_another.ko 2>/dev/null &&
		dmesg | grep -q 'accel_vendor: Unknown symbol .*DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO'
}

works
result 'a driver of another repository works'
is_refused
result 'a driver for another accel.ko is refused'
dmesg | grep 'accel_vendor' | head -n 20 | sed 's/^/# /'
