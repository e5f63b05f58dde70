#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
#
# The selftests of the system's sleep, in a guest that is alone: prints their
# KTAP. Exit status 0 means that they ran, not that all tests passed.

bb=/bin/busybox
for module in accel accel_test accel_test_pci; do
	$bb insmod "$module.ko" || exit 1
done

# A disk in memory, to save the memory to: the system goes on with what it saved at
# once, so neither is lost.
if [ -f brd.ko.xz ]; then
	$bb xz -dc brd.ko.xz >brd.ko
	$bb insmod brd.ko rd_nr=1 rd_size=400000 || exit 1
	$bb mkswap /dev/ram0 >/dev/null
	$bb swapon /dev/ram0 || exit 1
	# As little of it as can be.
	echo 0 >/sys/power/image_size
	export ACCEL_HIBERNATE=1
fi

export ACCEL_REQUIRE=1 ACCEL_WAKER=1
./suspend_test >results
status=$?
echo "KTAP version 1"
echo "# Subtest: suspend_test"
$bb sed 's/^/    /' results
if [ "$status" -ne 0 ]; then
	echo "not ok 1 suspend_test"
else
	echo "ok 1 suspend_test"
fi
# More is not one of kselftest's results but a crash.
[ "$status" -le 4 ]
