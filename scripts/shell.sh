#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An interactive shell in the guest of the demo, with the modules of this tree:
#
#   shell.sh [OPTION...]
#
# The options are those of guest/run.sh, such as --device pci-testdev, which may
# be repeated. The machine has an edu device. Ctrl-D powers off.

accel_topic=shell
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
[ -t 0 ] || die "this is for a terminal; for a single command use scripts/guest/run.sh"
modules=$("$scripts/build-guest.sh" stock)
make_cache

say "booting the stock kernel $(kernel_version); Ctrl-D powers off"
# QEMU sets the terminal to raw mode; put it back even if it is killed.
settings=$(stty -g)
trap 'stty "$settings"' EXIT
"$scripts/guest/run.sh" --modules "$modules" --machine pc --device edu,id=edu0 \
	--timeout 1000000 --interactive "$@" /accel/scripts/guest/prompt.sh
