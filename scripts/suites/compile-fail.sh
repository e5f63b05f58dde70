#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The mistakes of driver authors that must not compile, each of them one test.

scripts=$(dirname "${BASH_SOURCE[0]}")/..
"$scripts/setup.sh" stock >&2
exec "$scripts/compile-fail.sh"
