#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In a guest: gives QEMU's monitor a command and prints its answer, as in
#
#   monitor.sh device_del edu0

set -euo pipefail

port=/dev/virtio-ports/monitor
[ -e "$port" ] || {
	echo "monitor.sh: no $port: this runs in a guest of run.sh only" >&2
	exit 1
}
exec 3<>"$port"

# Gives a command and prints what comes back. The end of it is known by the
# answer to a sum: the line editor's echo shows the question only. A prompt,
# with the echo after it, is not part of an answer.
ask() {
	local sum=$((RANDOM + 100000)) text='' line
	printf '%s\nprint /d %d+1\n' "$1" $((sum - 1)) >&3
	while IFS= read -r -t 10 line <&3; do
		case ${line%$'\r'} in
		*'(qemu)'* | 'QEMU '*' monitor - '*) ;;
		"$sum")
			printf '%s' "$text"
			return
			;;
		*) text+=${line%$'\r'}$'\n' ;;
		esac
	done
	echo "monitor.sh: QEMU's monitor does not answer" >&2
	return 1
}

# First past the greeting, and what another left.
ask '' >/dev/null
reply=$(ask "$*")
[ -z "$reply" ] || printf '%s\n' "$reply"
[[ $reply != *Error:* ]]
