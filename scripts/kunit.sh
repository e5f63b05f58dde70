#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the modules for User Mode Linux, loads them there, and prints one line
# for each KUnit test that ran. With --flat (for check.sh) without the sum.

accel_topic=kunit
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
"$scripts/setup.sh" uml
make_cache
only_one kunit

modules=$("$scripts/modules.sh" uml)
build=$(kernel_dir uml "$(kernel_version)")
log=$accel_cache/logs/kunit-$(tree_key).log

# Unknown words on the command line are the environment of init.
boot() {
	"$scripts/in-root.sh" -- timeout --kill-after=5 "120" "$(in_cache "$build")/linux" \
		mem=256M rootfstype=hostfs rootflags=/ ro init=/accel/scripts/kunit/init \
		time-travel con=null con0=fd:0,fd:1 loglevel=7 panic=-1 \
		"accel_modules=$(in_cache "$modules")" </dev/null >"$log" 2>&1
}

# What init prints between its marks.
part() {
	tr -d '\r' <"$log" | sed -n "/^=== $1 ===\$/,/^=== end of $1 ===\$/p" | sed '1d;$d'
}

flat_results() {
	local status=0 load_status
	boot || status=$?
	load_status=$(part status)
	part results | awk -f "$scripts/ktap.awk"
	if [ "$load_status" = 0 ]; then
		echo "ok modules load and unload"
	else
		tail -n 30 "$log" | remark
		echo "# User Mode Linux ended with status $status; its log: $log"
		echo "not ok modules load and unload"
	fi
	if found=$("$scripts/guest/check-log.sh" "$log"); then
		echo "ok kernel log"
	else
		remark <<<"$found"
		echo "not ok kernel log"
	fi
	if [ -z "$(part results)" ]; then
		echo "# no KUnit suite ran"
		echo "not ok at least one suite"
	fi
}

if [ "${1:-}" = --flat ]; then
	flat_results
else
	flat_results | "$scripts/count.sh"
fi
