#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measures what calls, devices and their removal cost, beside what they cost
# with others on the same kernel: bench.sh
#
# Prints a line for each comparison, and nothing else, on stdout. The figures
# are in instructions, in nanoseconds of the guest and in bytes: they depend on
# the code, not on the machine, so two runs agree. None of them is a failure.
#
# Another flavour can be named to try the programs; its figures mean nothing.

accel_topic=bench
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
scripts=$accel_tree/scripts
kernel=${1:-bench}
"$scripts/setup.sh" "$kernel"
make_cache
only_one bench
modules=$("$scripts/modules.sh" "$kernel" CONFIG_RUST_ACCEL_BENCH=m)
log=$accel_cache/logs/bench-$(tree_key).log
run=$(mktemp -d "$accel_cache/runs/XXXXXXXX")
trap 'npu_stop; rm -rf "$run"' EXIT
# shellcheck disable=SC2034 # for npu-device.sh
npu_memory=3G
# shellcheck source=scripts/npu-device.sh
. "$scripts/npu-device.sh"

"$scripts/in-root.sh" -- make -s -C /accel/tools/testing/bench \
	"OUTPUT=$(in_cache "$modules")/bench" >&2 || die "the programs that measure do not build"

npu firmware --version 1.0.0 --output "$(in_cache "$modules")/bench/npu.bin"
npu_device --revision b
say "measuring, about 5 minutes ..."
"$scripts/guest/run.sh" --kernel "$kernel" --modules "$modules" --count \
	"${npu_machine[@]}" "${npu_options[@]}" --timeout "${ACCEL_TIMEOUT:-1800}" --log "$log" \
	/accel/scripts/guest/bench.sh >"$modules/bench.txt" ||
	die "a measurement failed: $(tail -n 1 "$modules/bench.txt") (kernel log: $log)"
"$scripts/in-root.sh" -- /accel/scripts/bench_tracepoints.sh "$(in_cache "$modules/accel.ko")" \
	>>"$modules/bench.txt" || die "the tracepoints cannot be counted"
"$scripts/guest/check-log.sh" "$log" >&2 ||
	die "the kernel's log has the warnings above (whole log: $log)"

"$scripts/in-root.sh" -- /accel/scripts/bench_report.py \
	"$(in_cache "$modules")/bench.txt" "$(in_cache "$modules")/bench.json"
say "the same as JSON: $modules/bench.json"
