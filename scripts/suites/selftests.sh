#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The selftests of the nodes, in the stock kernel and in the debug kernel.

scripts=$(dirname "${BASH_SOURCE[0]}")/..
status=0
for kernel in stock debug; do
	"$scripts/selftests.sh" "$kernel" || status=$?
done
exit "$status"
