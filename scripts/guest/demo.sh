#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo, in the guest: a readable transcript of which every step is checked.
# Exit status 0 only if all was as it should be.

# shellcheck source=scripts/guest/steps.sh
. /accel/scripts/guest/steps.sh

node=/dev/accelerator/accel0
ask='/accel/scripts/guest/ask.py 3'

title 'An unmodified distribution kernel, and a device that it has no driver for'
run 'uname -srv'
prints '^Linux 7\.3\.[0-9]+.*Debian'
slot=$(basename "$(grep -l 0x11e8 /sys/bus/pci/devices/*/device | xargs dirname)")
run "cat /sys/bus/pci/devices/$slot/vendor /sys/bus/pci/devices/$slot/device"
prints '^0x11e8$'

title 'The framework, by hand; then the driver, which udev sees'
run 'insmod /modules/accel.ko'
succeeds
run 'modprobe accel_edu'
succeeds
wait_for "[ -c $node ]"
run "ls -l $node"
prints '^crw-rw-r-- '

title 'What is there'
run 'accelctl list'
succeeds
prints 'accel0'
run 'accelctl info'
succeeds
prints 'accel_edu|edu'
prints "$slot"

title 'A computation by the device, finished by its interrupt'
irq='grep accel /proc/interrupts'
run "$irq"
before=$(awk '{ for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n }' <<<"$output")
run 'accelctl edu factorial 12'
succeeds
prints '(^|[^0-9])479001600$'
run "$irq"
after=$(awk '{ for (i = 2; $i ~ /^[0-9]+$/; i++) n += $i } END { print n }' <<<"$output")
[ "$after" -eq $((before + 1)) ] || wrong "one interrupt more than $before, not $after"

title 'A request that makes no sense is refused, with the reason'
run 'accelctl edu factorial 13'
fails
prints '13'

title 'The driver is unbound while a program has the node open'
run "exec 3<>$node"
succeeds
run "$ask"
succeeds
run "echo $slot >/sys/bus/pci/drivers/accel_edu/unbind"
succeeds
run "$ask"
fails
prints ENODEV
wait_for "! [ -e $node ]"
run "ls $node"
fails

title 'Bound again: a new device, while the old file stays dead'
run "echo $slot >/sys/bus/pci/drivers/accel_edu/bind"
succeeds
wait_for "ls /dev/accelerator/* >/dev/null 2>&1"
run "$ask"
fails
prints ENODEV
run 'accelctl edu factorial 5'
succeeds
prints '(^|[^0-9])120$'
run 'exec 3>&-'

title 'An accelerator with firmware, and with contexts of which one hangs'
run '/accel/scripts/guest/npu_demo.py'
succeeds
prints 'firmware is loaded'
prints 'is right'
prints 'has computed'
prints 'has recovered'

title 'The modules are removed'
run 'rmmod accel_npu accel_edu accel'
succeeds
run "ls /dev/accelerator"
fails
run "lsmod | grep accel"
prints_nothing

title 'The kernel log of all this'
run 'dmesg --notime | grep -i accel'
run '/accel/scripts/guest/check-log.sh <(dmesg)'
succeeds
prints_nothing

[ "$failures" -eq 0 ]
