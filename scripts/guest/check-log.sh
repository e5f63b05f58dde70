#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Fails when a kernel log has anything to worry about: check-log.sh LOG
# Prints what it found, with the lines after it.

set -euo pipefail

log=$1

# What the kernel and its checkers say when something is wrong.
trouble='WARNING:|BUG:|BUG at |Oops|Kernel panic|general protection fault|invalid opcode'
trouble+='|Call Trace:|stack trace:|stack backtrace:|cut here'
trouble+='|KASAN|KCSAN|KFENCE|KMSAN|UBSAN|unreferenced object|kmemleak: .*(new suspected|disabled)'
trouble+='|possible recursive locking|possible circular locking|possible deadlock|possible irq lock'
trouble+='|inconsistent lock state|suspicious RCU usage|INVALID WAIT CONTEXT|bad unlock balance'
trouble+='|held lock freed|lock held when returning|INFO: lockdep|INFO: trying to register'
trouble+='|INFO: task .* blocked|INFO: rcu_|rcu: INFO|soft lockup|hard LOCKUP|scheduling while atomic'
trouble+='|sleeping function called|ODEBUG|DMA-API|refcount_t|list_(add|del) corruption'
trouble+='|nobody cared|Spurious|unhandled level|segfault|traps:|Out of memory|oom-kill'
trouble+='|page allocation failure|Bad page|BUG_ON|kobject: .*(error|tried to)|sysfs: cannot create'
trouble+='|Unknown symbol|unknown symbol|disagrees about version|rust_kernel: panicked|panicked at'
trouble+='|Unbalanced|usage count underflow|still in use|Trying to free|WARN_ON|kref|use-after-free|double free'
# A KUnit test of a module has failed; or an IOMMU has refused what a device did.
trouble+='|(ASSERTION|EXPECTATION) FAILED|^ *not ok [0-9]|DMAR: .*(fault addr|handling fault)'

# Lines that have such words and mean nothing here, each with its reason.
# The kernel announces its checkers when it boots.
expected='^kasan: KernelAddressSanitizer initialized|^DMA-API: (preallocated|debugging enabled)'
expected+='|^rcu:[[:space:]]*RCU callback double-/use-after-free debug is enabled'
expected+='|^kmemleak: (Kernel memory leak detector initialized|.* early log)|^ODEBUG: [0-9]+ of [0-9]+ active objects replaced'
# Tests let allocations fail; the kernel tells of those that were for a kobject (12 is ENOMEM).
expected+='|^kobject: kobject_add_internal failed for (accel(erator|[0-9]+)|hwmon[0-9]*) \(error: -12 '

lines=$(tr -d '\r' <"$log" | sed -E 's/^\[ *[0-9]+\.[0-9]+\](\[[^]]*\])? ?//')
[ -n "$lines" ] || {
	echo "there is no kernel log in $log"
	exit 1
}
found=$(grep -vE "$expected" <<<"$lines" | grep -E -A 12 "$trouble" || true)
[ -n "$found" ] || exit 0
printf '%s\n' "$found" | head -n 60
exit 1
