#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Passes on lines of "ok", "not ok" and "#", and counts them: the last line is
# "N passed, N failed", the exit status tells whether anything failed, or
# nothing ran. Tests that were skipped are shown and count as neither.

exec awk '
	{ print; fflush() }
	/^ok .* # SKIP/ { next }
	/^ok /		{ passed++ }
	/^not ok /	{ failed++ }
	END {
		printf "%d passed, %d failed\n", passed, failed
		exit failed > 0 || passed == 0
	}'
