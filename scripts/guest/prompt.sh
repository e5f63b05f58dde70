#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The interactive session of "make shell", in the guest.

modprobe accel_edu
udevadm settle
cat <<'TEXT'
accelctl list shows the accelerators, Ctrl-D powers off.
/accel is the tree (read-only), /modules has all modules as built: insmod or modprobe them.
gcc is there; with ARGS='--out DIR', what is put into /out comes back to DIR.
TEXT
printf '%s\n' "PS1='guest:\\w# '" >/root/rc
exec bash --noprofile --rcfile /root/rc -i
