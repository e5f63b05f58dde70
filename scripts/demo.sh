#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo, on the host: brings and builds what is missing, runs guest/demo.sh
# in the stock kernel with the devices, and judges the kernel's log.

accel_topic=demo
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
modules=$("$scripts/build-guest.sh" stock)
make_cache
only_one demo
log=$accel_cache/logs/demo-$(tree_key).log

run=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
trap 'npu_stop; rm -rf "$run"' EXIT
# shellcheck source=scripts/npu-device.sh
. "$scripts/npu-device.sh"
cp -al "$modules" "$run/modules"
mkdir "$run/modules/npu"
npu firmware --version 1.2.3 --output "$(in_cache "$run")/modules/npu/npu.bin"
npu_device --revision b

say "booting the stock kernel $(kernel_version) in QEMU with an edu device and an npu ..."
"$scripts/guest/run.sh" --modules "$run/modules" --device edu --timeout 300 --log "$log" \
	"${npu_machine[@]}" "${npu_options[@]}" /accel/scripts/guest/demo.sh ||
	die "the demo did not do what it should: see the lines after '!!' (kernel log: $log)"
"$scripts/guest/check-log.sh" "$log" >&2 ||
	die "the kernel's log has the warnings above (whole log: $log)"
say "all steps did what they should, and the kernel log has no warning"
