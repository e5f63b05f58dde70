#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the guest does between boot and power-off: brings up an ordinary user
# space with udev, runs the command in /out/command on the console hvc0, leaves
# its exit status in /out/status, and looks for leaks when the kernel can.

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/modules/bin
export HOME=/root LANG=C.UTF-8 ACCEL_IN_GUEST=1

mount_all() {
	mkdir -p /dev/pts /dev/shm
	mount -t tmpfs tmpfs /run
	mount -t tmpfs tmpfs /tmp
	mount -t tmpfs tmpfs /root
	mount -t devpts devpts /dev/pts
	mount -t tmpfs tmpfs /dev/shm
	mount -t debugfs debugfs /sys/kernel/debug
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	[ ! -d /sys/kernel/tracing ] || mount -t tracefs tracefs /sys/kernel/tracing
	[ ! -d /sys/kernel/security ] || mount -t securityfs securityfs /sys/kernel/security
	ip link set lo up
	ln -sf /proc/self/fd /dev/fd
	# Our modules beside those of the kernel, as modules_install leaves them.
	local modules=/modules/lib/modules/$(uname -r)
	if [ -d "$modules" ]; then
		mkdir -p "/lib/modules/$(uname -r)"
		mount --bind "$modules" "/lib/modules/$(uname -r)"
	fi
}

start_udev() {
	/usr/lib/systemd/systemd-udevd --daemon
	udevadm trigger --type=subsystems --action=add
	udevadm trigger --type=devices --action=add
	udevadm settle --timeout=30
}

# Two scans, since an object is only reported when it has not changed between
# them, and a pause, since it has to be five seconds old.
scan_for_leaks() {
	local leaks=/sys/kernel/debug/kmemleak
	[ -w "$leaks" ] || return 0
	sleep 6
	echo scan >"$leaks"
	echo scan >"$leaks"
	cat "$leaks" >/dev/console
}

session() {
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

mount_all
start_udev
session <>/dev/hvc0 >&0 2>&1
echo $? >/out/status
scan_for_leaks
udevadm control --exit
sync
busybox poweroff -f
