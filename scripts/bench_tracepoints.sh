#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counts the instructions that an ioctl executes because of tracepoints, while
# these are off: bench_tracepoints.sh ACCEL_KO, in the root folder.
#
# They are read off the module. It is what the function does that the kernel
# calls, which only looks whether somebody listens and jumps to the one that
# does the rest; a second module without tracepoints, measured in a guest of
# its own, would differ by just that.

set -euo pipefail

module=$1
function=$(nm "$module" | sed -n 's/.* t \(_R[^ ]*_5accel4node7chardev5ioctl\)$/\1/p')

objdump -d --no-show-raw-insn "--disassemble=$function" "$module" | awk -F '\t' '
	$1 !~ /^ *[0-9a-f]+:$/ { next }
	# Any function may begin with this, which is for branches that are not direct.
	$2 ~ /^endbr64/ { next }
	# What it is called with goes to the function that does the rest, also without them.
	$2 ~ /^(mov|add) / { next }
	{ count++ }
	# What is skipped.
	$2 ~ /^(nop|xchg +%ax,%ax|data16 )/ { next }
	$2 ~ /^jmp .*_5accel4node7chardev14untraced_ioctl>$/ { done = 1 }
	{ exit }
	END {
		if (!done) {
			print "bench_tracepoints.sh: the way of an ioctl is another" >"/dev/stderr"
			exit 1
		}
		print "ioctl-tracepoints-off.accel", count
	}'
