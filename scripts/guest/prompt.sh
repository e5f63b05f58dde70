#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The interactive session of "make shell", in the guest.

modprobe accel_edu
udevadm settle
echo 'accelctl list shows the accelerators, Ctrl-D powers off.'
printf '%s\n' "PS1='guest:\\w# '" >/root/rc
exec bash --noprofile --rcfile /root/rc -i
