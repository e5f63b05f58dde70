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

# Puts the name of the suite before those of its tests. Fails if there are none.
name_results() {
	local line status=1
	while IFS= read -r line; do
		case $line in
		'ok '*) line="ok $1: ${line#ok }" status=0 ;;
		'not ok '*) line="not ok $1: ${line#not ok }" status=0 ;;
		esac
		printf '%s\n' "$line"
	done
	return "$status"
}

run_suite() {
	local name=$1 status=0 start=$SECONDS
	say "$name ..."
	"$suites/$name.sh" </dev/null | name_results "$name" || status=$?
	if [ "$status" -ne 0 ]; then
		echo "not ok $name: runs to its end, and has tests"
	fi
	say "$name: $((SECONDS - start)) s"
}

if [ $# -eq 0 ]; then
	# In the order of what each costs.
	set -- lint tools kunit compile-fail external npu demo selftests
fi
for name; do
	[ -x "$suites/$name.sh" ] || die "no such suite: $name"
done

{
	for name; do
		run_suite "$name"
	done
} | "$accel_tree/scripts/count.sh"
