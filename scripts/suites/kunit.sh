#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The KUnit tests, each of them one test, in User Mode Linux.

exec "$(dirname "${BASH_SOURCE[0]}")/../kunit.sh" --flat
