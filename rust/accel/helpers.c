// SPDX-License-Identifier: GPL-2.0
/*
 * Static inline functions of the kernel that Rust cannot call otherwise.
 *
 * Each has the name and the contract of the function that it wraps, unless it
 * says otherwise.
 */
#include <linux/device.h>
#include <linux/export.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/srcu.h>
#include <linux/string.h>

#include "helpers.h"

int accel_helper_init_srcu_struct_fast(struct srcu_struct *ssp)
{
	return init_srcu_struct_fast(ssp);
}

struct srcu_ctr __percpu *accel_helper_srcu_read_lock_fast(struct srcu_struct *ssp)
	__acquires_shared(ssp)
{
	return srcu_read_lock_fast(ssp);
}
EXPORT_SYMBOL_GPL(accel_helper_srcu_read_lock_fast);

void accel_helper_srcu_read_unlock_fast(struct srcu_struct *ssp,
					struct srcu_ctr __percpu *scp)
	__releases_shared(ssp)
{
	srcu_read_unlock_fast(ssp, scp);
}
EXPORT_SYMBOL_GPL(accel_helper_srcu_read_unlock_fast);

int accel_helper_dev_to_node(struct device *dev)
{
	return dev_to_node(dev);
}

/* The name of the process, which is that of its first thread. */
void accel_helper_get_process_comm(char *comm)
{
	strscpy_pad(comm, current->group_leader->comm, TASK_COMM_LEN);
}

/* For what goes past the kernel to a device, as access to its registers does. */
int accel_helper_security_locked_down(void)
{
	return security_locked_down(LOCKDOWN_PCI_ACCESS);
}
