#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The selftests, in the guest: prints their KTAP, one program after another.
#
#   selftests.sh [PROGRAM...]    without arguments, all of tests.list
#
# Exit status 0 means that all of them ran, not that all tests passed.

failed=0
modules=(accel_edu accel_sim accel_minimal accel_test accel_test_pci)

# DRM comes first, with its own accelerators: ours live beside them.
for module in vgem "${modules[@]}"; do
	modprobe "$module" || failed=1
done
udevadm settle
# In the debug kernel, udev takes a third of the processors while devices come and
# go. That it copes with them is seen in the stock kernel.
if [ -e /sys/kernel/debug/kmemleak ]; then
	udevadm control --exit
fi
# The KUnit suites in the modules have run. They need not do so again each time
# that a test loads a module.
if [ -w /sys/module/kunit/parameters/filter_glob ]; then
	echo none >/sys/module/kunit/parameters/filter_glob
fi
if [ $# -eq 0 ]; then
	mapfile -t programs </modules/selftests/tests.list
	set -- "${programs[@]}"
fi

# Without a device these tests skip themselves; here there is one.
export ACCEL_REQUIRE=1 ACCEL_KO=/modules/accel.ko
for module in "${modules[@]}"; do
	export "${module^^}_KO=/modules/$module.ko"
done
export ACCEL_TEST_DEVICE_KO=/modules/accel_test_device.ko
export ACCEL_TEST_FORGET_KO=/modules/accel_test_forget.ko
export ACCEL_TEST_HOLDER_KO=/modules/accel_test_holder.ko
export ACCEL_TEST_STALL_KO=/modules/accel_test_stall.ko
export ACCEL_ATTRIBUTES_KO=/modules/accel_attributes.ko
export ACCEL_RNG_KO=/modules/accel_rng.ko
export ACCEL_EVENTS_KO=/modules/accel_events.ko ACCEL_RESET_KO=/modules/accel_reset.ko
# How often a device comes and goes while it is looked at. In the debug kernel, which
# takes ten times as long, it is as often as it does in two seconds.
if [ ! -e /sys/kernel/debug/kmemleak ]; then
	export ACCEL_CYCLES=1000
fi
# For those that plug it in and out.
export ACCEL_PLUG='/accel/scripts/guest/monitor.sh device_add edu,id=edu0'
export ACCEL_UNPLUG='/accel/scripts/guest/monitor.sh device_del edu0'
export ACCEL_CARD=/accel/scripts/guest/card.sh
export ACCEL_BUS_ERROR='/accel/scripts/guest/monitor.sh pcie_aer_inject_error'
export ACCEL_CONFORMANCE_UNBIND=1

for program; do
	echo "KTAP version 1"
	echo "# Subtest: $program"
	echo "accel-guest: $program" >/dev/kmsg
	# Beside udev, a thousand devices would take four times as long.
	if [ "$program" = attributes_removal_test ]; then
		udevadm control --exit 2>/dev/null
	fi
	timeout 900 "/modules/selftests/$program" | sed 's/^/    /'
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
done

modprobe --remove "${modules[@]}" || failed=1
exit "$failed"
