#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
#
# The selftests of the system's end, in a guest that is alone: prints their KTAP. The test
# leaves the system to shut down. Exit status 0 means that it ran, not that it passed.

bb=/bin/busybox
for module in accel accel_test accel_edu; do
	$bb insmod "$module.ko" || exit 1
done

# The edu devices are to be shut down before what accel_test has, so found after that.
for device in /sys/bus/pci/drivers/accel_edu/*:*; do
	echo 1 >"$device/remove"
done
echo 1 >/sys/bus/pci/rescan

export ACCEL_REQUIRE=1 ACCEL_SHUTDOWN=1 ACCEL_TEST_DEVICE_KO=./accel_test_device.ko
./shutdown_test >results
status=$?
echo "KTAP version 1"
echo "# Subtest: shutdown_test"
$bb sed 's/^/    /' results
if [ "$status" -ne 0 ]; then
	echo "not ok 1 shutdown_test"
else
	echo "ok 1 shutdown_test"
fi
# More is not one of kselftest's results but a crash.
[ "$status" -le 4 ]
