#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo: one test, with its transcript when it fails.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

if transcript=$("$accel_tree/scripts/demo.sh" 2>&1); then
	echo "ok demo in the stock kernel"
else
	remark <<<"$transcript"
	echo "not ok demo in the stock kernel"
fi
