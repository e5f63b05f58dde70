#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads drivers that were built outside of the tree, in the guest: one for the
# accel.ko that is here, one for another, and that of the tutorial, with the
# device that it is for. Prints a line for each test.

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

counts() {
	local node=/dev/accelerator/accel0
	insmod /modules/accel_counter.ko && udevadm settle &&
		[ "$(/modules/counter "$node" 12)" = 12 ] &&
		! /modules/counter "$node" 1001 2>/tmp/said &&
		grep -q '^ACCEL_COUNTER_IOC_COUNT: Invalid argument$' /tmp/said &&
		exec 3<>"$node" && rmmod accel_counter && [ ! -e "$node" ] &&
		! /accel/scripts/guest/ask.py 3 2>/tmp/said && exec 3>&- &&
		grep -q '^ioctl: ENODEV ' /tmp/said
}

works
result 'a driver of another repository works'
is_refused
result 'a driver for another accel.ko is refused'
counts
result 'the driver of the tutorial works'
dmesg | grep 'accel_vendor' | head -n 20 | sed 's/^/# /'
