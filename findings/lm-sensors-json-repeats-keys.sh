#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# lm-sensors 3.6.0 (Debian 12): the name of a chip is that of the hwmon device and a number made
# of the parent's name. A platform device has the decimal number behind its dot, so one that is
# named by its address, as those of a device tree are (12340000.npu), has 0000, as has npu.0. All
# devices on the auxiliary and the faux bus are virtual-0. sensors -j then has the same key more
# than once in one object, and what reads it keeps the last: of seven devices here, four are left.
#
# The program is shown a folder in place of /sys/class, in a mount namespace of its own. Needs apt
# of Debian 12, and user namespaces.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -qq -o APT::Sandbox::User=root download lm-sensors=1:3.6.0-7.1 libsensors5=1:3.6.0-7.1
for package in *.deb; do
	dpkg -x "$package" unpacked
done

number=0
device() {
	local bus=$1 parent=$folder/devices/$2 hwmon
	hwmon=$parent/hwmon/hwmon$number
	mkdir -p "$hwmon" "bus/$bus" class/hwmon
	echo npu >"$hwmon/name"
	echo 45000 >"$hwmon/temp1_input"
	ln -s "$parent" "$hwmon/device"
	ln -s "$folder/bus/$bus" "$parent/subsystem"
	ln -s "$hwmon" "class/hwmon/hwmon$number"
	number=$((number + 1))
}
device platform npu.0
device platform npu.1
device platform 12340000.npu
device platform 12350000.npu
device pci 0000:01:00.0
device auxiliary core.npu.3
device faux npu

# shellcheck disable=SC2016 # expanded by the inner shell
unshare --map-root-user --mount sh -c 'mount --bind class /sys/class &&
	LD_LIBRARY_PATH=$(echo unpacked/usr/lib/*) unpacked/usr/bin/sensors -c /dev/null -j' >json
{
	grep -o '"npu-[^"]*"' json | sort
	python3 -c 'import json, sys; print("left:", *sorted(json.load(sys.stdin)))' <json
} >seen
if diff - seen <<'END'
"npu-isa-0000"
"npu-isa-0000"
"npu-isa-0000"
"npu-isa-0001"
"npu-pci-0100"
"npu-virtual-0"
"npu-virtual-0"
left: npu-isa-0000 npu-isa-0001 npu-pci-0100 npu-virtual-0
END
then
	echo "as stated"
else
	echo "this has changed" >&2
	exit 1
fi
