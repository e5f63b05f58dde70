# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that show and check commands, as the demo: sourced in the guest.

failures=0
output=
status=0

# A heading of the transcript.
title() {
	printf '\n# %s\n' "$*"
}

# Shows a command as one would type it, runs it in this shell, and keeps what
# it printed in $output and its exit status in $status.
run() {
	printf '$ %s\n' "$1"
	status=0
	# To a file, since a command may open files of this shell.
	eval "$1" >/tmp/output 2>&1 || status=$?
	output=$(</tmp/output)
	[ -z "$output" ] || printf '%s\n' "$output"
}

wrong() {
	printf '!! expected: %s (exit status %d)\n' "$*" "$status"
	failures=$((failures + 1))
}

succeeds() {
	[ "$status" -eq 0 ] || wrong 'success'
}

# The command fails by itself, not because it crashed or is not there.
fails() {
	if [ "$status" -eq 0 ] || [ "$status" -ge 126 ]; then
		wrong 'a clean failure'
	fi
}

# Some line of the output matches an extended regular expression.
prints() {
	grep -qE -- "$1" <<<"$output" || wrong "output that matches: $1"
}

prints_nothing() {
	[ -z "$output" ] || wrong 'no output'
}

# Waits for a condition that udev or a driver brings about.
wait_for() {
	local tries=100
	until eval "$1"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			wrong "$1, within ten seconds"
			return 0
		}
		sleep 0.1
	done
}
