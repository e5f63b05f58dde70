#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
#
# The selftests of the system's sleep, in a guest that is alone: prints their
# KTAP. Exit status 0 means that they ran, not that all tests passed.

bb=/bin/busybox
for module in accel accel_test accel_test_pci; do
	$bb insmod "$module.ko" || exit 1
done

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
