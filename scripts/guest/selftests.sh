#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The selftests, in the guest: prints their KTAP, one program after another.
# Exit status 0 means that all of them ran, not that all tests passed.

failed=0

# DRM comes first, with its own accelerators: ours live beside them.
for module in vgem accel_edu accel_minimal; do
	modprobe "$module" || failed=1
done
udevadm settle

while read -r program; do
	echo "KTAP version 1"
	echo "# Subtest: $program"
	echo "accel-guest: $program" >/dev/kmsg
	# Without a device these tests skip themselves; here there is one.
	ACCEL_REQUIRE=1 ACCEL_EDU_KO=/modules/accel_edu.ko timeout 900 "/modules/selftests/$program" | sed 's/^/    /'
	status=${PIPESTATUS[0]}
	# More than 4 is not one of kselftest's results but a crash or the timeout.
	if [ "$status" -gt 4 ]; then
		echo "# exit status $status"
		echo "not ok 1 $program"
		failed=1
	elif [ "$status" -eq 0 ] || [ "$status" -eq 4 ]; then
		echo "ok 1 $program"
	else
		echo "not ok 1 $program"
	fi
done </modules/selftests/tests.list

modprobe --remove accel_edu accel_minimal || failed=1
exit "$failed"
