#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The guest of the demo with a prompt: the modules are loaded, accelctl works,
# Ctrl-D powers off.

accel_topic=shell
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
[ -t 0 ] || die "this is for a terminal; for a single command use scripts/guest/run.sh"
"$scripts/build-guest.sh" stock >/dev/null
make_cache

say "booting the stock kernel $(kernel_version); Ctrl-D powers off"
# QEMU sets the terminal to raw mode; put it back even if it is killed.
settings=$(stty -g)
trap 'stty "$settings"' EXIT
"$scripts/guest/run.sh" --machine pc --device edu,id=edu0 --timeout 1000000 --interactive \
	/accel/scripts/guest/prompt.sh
