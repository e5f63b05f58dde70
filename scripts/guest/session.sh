#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the guest does between boot and power-off: brings up an ordinary user
# space with udev, runs the command in /out/command on the console hvc0, leaves
# its exit status in /out/status, and looks for leaks when the kernel can.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/modules/bin
export HOME=/root LANG=C.UTF-8 ACCEL_IN_GUEST=1

# Our modules beside those of the kernel, as modules_install leaves them.
prepare() {
	local release modules
	release=$(uname -r)
	modules=/modules/lib/modules/$release
	ip link set lo up
	if [ -d "$modules" ]; then
		mkdir -p "/lib/modules/$release"
		mount --bind "$modules" "/lib/modules/$release"
	fi
}

# Devices that are there already are shown to udev as at any boot, except
# the buses: drivers are loaded by what runs here, not by udev.
start_udev() {
	local name match=()
	for name in dma_heap drm mem misc virtio-ports; do
		match+=("--subsystem-match=$name")
	done
	/usr/lib/systemd/systemd-udevd --daemon
	udevadm trigger --action=add "${match[@]}"
	udevadm settle --timeout=30
}

# Two scans, since an object is only reported when it has not changed between
# them, the second one when every object is five seconds old. The file is opened
# beforehand: a kernel that a test has locked down does not allow it any more.
leaks=/sys/kernel/debug/kmemleak
if [ -w "$leaks" ]; then
	exec {scan}>"$leaks"
	exec {report}<"$leaks"
else
	scan='' report=''
fi

scan_for_leaks() {
	[ -n "$scan" ] || return 0
	sleep 6 &
	echo scan >&"$scan"
	wait $!
	echo scan >&"$scan"
	cat <&"$report" >/dev/console
}

session() {
	local interactive rows columns terminal command
	# shellcheck disable=SC1091 # written by run.sh
	. /out/command
	cd /accel || return 1
	if [ "$interactive" = yes ]; then
		stty sane rows "$rows" cols "$columns"
		export TERM=$terminal
		setsid --ctty --wait "${command[@]}"
	else
		stty raw -echo
		"${command[@]}"
	fi
}

prepare
start_udev
session <>/dev/hvc0 >&0 2>&1
echo $? >/out/status
scan_for_leaks
udevadm control --exit 2>/dev/null
sync
busybox poweroff -f
