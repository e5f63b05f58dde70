#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs the test suites, all of scripts/suites or those named, and counts their
# tests. A suite is a file NAME.sh that prints a line for each test:
#
#   ok NAME | not ok NAME | ok NAME # SKIP REASON
#
# and remarks after "#". A suite that stops with an error is a failed test
# and the others still run.

accel_topic=check
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# No colours in what is quoted.
export TERM=dumb
suites=$accel_tree/scripts/suites

run_suite() {
	local name=$1 status=0 start=$SECONDS
	say "$name ..."
	"$suites/$name.sh" </dev/null | sed -uE "s/^(not )?ok /&$name: /" || status=$?
	if [ "$status" -ne 0 ]; then
		echo "not ok $name: runs to its end"
	fi
	say "$name: $((SECONDS - start)) s"
}

if [ $# -eq 0 ]; then
	# In the order of what each costs.
	set -- lint tools kunit compile-fail demo selftests
fi
for name; do
	[ -x "$suites/$name.sh" ] || die "no such suite: $name"
done

{
	for name; do
		run_suite "$name"
	done
} | "$accel_tree/scripts/count.sh"
