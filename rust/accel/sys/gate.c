// SPDX-License-Identifier: GPL-2.0
/*
 * The gate of a device, see gate.rs: what is inline, or a matter of lockdep.
 */
#include <linux/debug_locks.h>
#include <linux/device.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/mm_types.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include <linux/timer.h>

#include "gate.h"

/* All gates are of one class; the name of the parameter is what lockdep calls it. */
int accel_gate_init(struct srcu_struct *accel_gate)
{
	return init_srcu_struct_fast(accel_gate);
}

/*
 * SRCU-fast readers tell lockdep that they are inside, but not to check what they
 * do there. For those inside a gate it is checked: it is a lock that they hold for
 * reading, and have got without waiting. synchronize_srcu() is the writer.
 */
struct srcu_ctr __percpu *accel_gate_enter(struct srcu_struct *gate)
	__acquires_shared(gate)
{
	struct srcu_ctr __percpu *section = srcu_read_lock_fast_notrace(gate);

	lock_map_acquire_tryread(&gate->dep_map);
	return section;
}
EXPORT_SYMBOL_GPL(accel_gate_enter);

void accel_gate_leave(struct srcu_struct *gate, struct srcu_ctr __percpu *section)
	__releases_shared(gate)
{
	lock_map_release(&gate->dep_map);
	srcu_read_unlock_fast_notrace(gate, section);
}
EXPORT_SYMBOL_GPL(accel_gate_leave);

/* How long a call may be inside before the log says so. */
#define SLOW_DRAIN_SECONDS 5

struct slow_drain {
	struct timer_list timer;
	struct device *dev;
	unsigned int seconds;
};

static void report_slow_drain(struct timer_list *timer)
{
	struct slow_drain *slow = timer_container_of(slow, timer, timer);

	dev_warn(slow->dev, "still waiting for a call inside the driver after %u s: see sysrq-t\n",
		 slow->seconds);
	/* These are all tasks that hold a lock, in a kernel that knows. */
	debug_show_all_locks();
	mod_timer(timer, jiffies + slow->seconds * HZ);
	slow->seconds *= 2;
}

/* Waits for those inside a gate. If that takes long, the log says so. */
void accel_gate_drain(struct srcu_struct *gate, struct device *dev)
{
	struct slow_drain slow = { .dev = dev, .seconds = SLOW_DRAIN_SECONDS };

	timer_setup_on_stack(&slow.timer, report_slow_drain, 0);
	mod_timer(&slow.timer, jiffies + SLOW_DRAIN_SECONDS * HZ);
	synchronize_srcu_expedited(gate);
	timer_delete_sync(&slow.timer);
	timer_destroy_on_stack(&slow.timer);
}

#ifdef CONFIG_LOCKDEP
/*
 * Has lockdep check that the caller, who might wait for user space, is in no gate
 * and has no lock, nor is in a section that signals fences.
 */
void accel_gate_assert_none_held(void)
{
	lockdep_assert_none_held_once();
}

/* Tells lockdep that the caller might wait for those inside a gate. */
void accel_gate_might_drain(struct srcu_struct *gate)
{
	srcu_lock_sync(&gate->dep_map);
}
EXPORT_SYMBOL_GPL(accel_gate_might_drain);

/*
 * Tells lockdep that a page fault might wait for those inside a gate: it does if
 * it is on memory of a device that is being reset.
 */
void accel_gate_fault_might_drain(struct srcu_struct *gate)
{
	struct lockdep_map *fault;

	if (!current->mm)
		return;
	fault = &current->mm->mmap_lock.dep_map;
	rwsem_acquire_read(fault, 0, 0, _THIS_IP_);
	srcu_lock_sync(&gate->dep_map);
	rwsem_release(fault, _THIS_IP_);
}
#endif
