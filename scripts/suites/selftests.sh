#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The selftests of the nodes, in the stock kernel and in the debug kernel.

accel_topic=selftests
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
scripts=$accel_tree/scripts
make_cache
only_one selftests
"$scripts/setup.sh" stock debug

# Each guest often waits for something. So the stock kernel, whose tests are
# over sooner, runs beside the debug kernel, and what it has to say comes first.
# It takes what the debug kernel leaves of the processors: were they shared out
# evenly, each guest would often wait for a lock whose holder does not run.
beside=(nice -n 8)
output=$(mktemp "$accel_cache/runs/XXXXXXXX")
debug=''
trap '[ -z "$debug" ] || kill -- "-$debug" 2>/dev/null || true; rm -f "$output"' EXIT
debug_folder=$("$scripts/build-selftests.sh" debug)
# In a process group of its own, to be ended with all that it has started.
set -m
"$scripts/selftests.sh" debug "$debug_folder" main >"$output" &
debug=$!
set +m

# Which of its two ways to do DMA a kernel takes does not depend on what the debug
# kernel checks: to have an IOMMU, or a bridge, in one of them is enough.
status=0
if stock_folder=$("$scripts/build-selftests.sh" stock); then
	"${beside[@]}" "$scripts/selftests.sh" stock "$stock_folder" \
		main iommu p2p swiotlb bus platform suspend shutdown || status=$?
else
	status=1
fi
"${beside[@]}" "$scripts/selftests.sh" debug "$debug_folder" suspend || status=$?
wait "$debug" || status=$?
cat "$output"
exit "$status"
