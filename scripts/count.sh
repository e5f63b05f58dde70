#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Passes on lines of "ok", "not ok" and "#", and counts them: the last line is
# "N passed, N failed", the exit status tells whether anything failed, or
# nothing ran. Tests that were skipped are shown and count as neither.

passed=0 failed=0
while IFS= read -r line; do
	printf '%s\n' "$line"
	case $line in
	'ok '*' # SKIP'*) ;;
	'ok '*) passed=$((passed + 1)) ;;
	'not ok '*) failed=$((failed + 1)) ;;
	esac
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
