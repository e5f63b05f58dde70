#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest: one more card for accel_test_pci, beside the one that it began with.
#
#   card.sh plug      plugs it in
#   card.sh unplug    asks the system to let go of it, and then takes it out
#   card.sh pull      takes it out at once: the system is not told

set -euo pipefail

monitor=/accel/scripts/guest/monitor.sh
# QEMU cannot use the memory of a card that was pulled again, nor its name.
count=/tmp/cards
n=$(cat "$count" 2>/dev/null || echo 0)

case $1 in
plug)
	n=$((n + 1))
	echo "$n" >"$count"
	"$monitor" object_add "memory-backend-ram,id=memory$n,size=4M,share=on"
	"$monitor" device_add "ivshmem-plain,id=card$n,memdev=memory$n"
	;;
unplug) "$monitor" device_del "card$n" ;;
pull) "$monitor" qom-set "/machine/peripheral/card$n" realized false ;;
*) exit 2 ;;
esac
