#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tests of the tools, each of them one test.

accel_topic=tools
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
scripts=$accel_tree/scripts
"$scripts/setup.sh" root
make_cache
only_one tools
log=$accel_cache/logs/tools-$(tree_key).log

status=0
"$scripts/cargo.sh" test --locked --workspace --no-fail-fast >"$log" 2>&1 || status=$?
sed -nE 's/^test (.*) \.\.\. ok$/ok \1/p
	s/^test (.*) \.\.\. FAILED$/not ok \1/p
	s/^test (.*) \.\.\. ignored.*/ok \1 # SKIP ignored/p' "$log"
if [ "$status" -eq 0 ]; then
	echo "ok cargo test"
else
	{ grep -E '^(error|warning)|panicked at' -A 12 "$log" || true; } | head -n 60 | remark || true
	echo "# the whole log: $log"
	echo "not ok cargo test"
fi
