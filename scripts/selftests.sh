#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the selftests of the nodes in a guest: selftests.sh stock|debug
# Prints a line for each test, and one for the kernel's log.

accel_topic=selftests
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
kernel=$1
modules=$("$scripts/build-guest.sh" "$kernel")
make_cache
log=$accel_cache/logs/selftests-$kernel-$(tree_key).log
ktap=$accel_cache/logs/selftests-$kernel-$(tree_key).ktap

"$scripts/in-root.sh" -- make -s -C /accel/tools/testing/selftests/accel \
	"KSRC=$(in_cache "$(source_dir "$(kernel_version)")")" \
	"OUTPUT=$(in_cache "$modules")/selftests" >&2 || die "the selftests do not build"

status=0
"$scripts/guest/run.sh" --kernel "$kernel" --device edu --timeout "${ACCEL_TIMEOUT:-900}" \
	--log "$log" /accel/scripts/guest/selftests.sh >"$ktap" || status=$?
awk -v "prefix=$kernel." -f "$scripts/ktap.awk" "$ktap"
if [ "$status" -eq 0 ] && grep -q '^ok ' "$ktap"; then
	echo "ok $kernel.guest"
else
	tail -n 20 "$ktap" | remark
	echo "# exit status $status; all output: $ktap"
	echo "not ok $kernel.guest"
fi
if found=$("$scripts/guest/check-log.sh" "$log"); then
	echo "ok $kernel.kernel-log"
else
	remark <<<"$found"
	echo "# the whole log: $log"
	echo "not ok $kernel.kernel-log"
fi
