// SPDX-License-Identifier: GPL-2.0
/*
 * Who memory is charged to, see charge.rs.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/memcontrol.h>
#include <linux/overflow.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "charge.h"

/* With a reference. NULL if the kernel has no memory control groups. */
struct mem_cgroup *accel_helper_memcg_of_current(void)
{
	return get_mem_cgroup_from_mm(current->mm);
}

void accel_helper_memcg_put(struct mem_cgroup *memcg)
{
	mem_cgroup_put(memcg);
}

/* Returns the group that was active before; NULL stands for that of the task. */
struct mem_cgroup *accel_helper_memcg_set_active(struct mem_cgroup *memcg)
{
	return set_active_memcg(memcg);
}

/*
 * Counts pages as locked by the user of the current task, as io_uring and
 * AF_XDP do. Returns that user, with a reference; NULL, and nothing is counted, if
 * the task may lock any number; or -ENOMEM if they exceed RLIMIT_MEMLOCK.
 */
struct user_struct *accel_helper_lock_pages(unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	struct user_struct *user = current_user();
	long before, after;

	if (capable(CAP_IPC_LOCK))
		return NULL;
	before = atomic_long_read(&user->locked_vm);
	do {
		if (check_add_overflow(before, pages, &after) || after > limit)
			return ERR_PTR(-ENOMEM);
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &before, after));
	return get_uid(user);
}

/* Shown as VmPin. A lock is not needed, nor may be taken where buffers are closed. */
void accel_helper_count_pinned(struct mm_struct *mm, long pages)
{
	atomic64_add(pages, &mm->pinned_vm);
}

/* Takes accel_helper_lock_pages() back, which has returned this user. */
void accel_helper_unlock_pages(struct user_struct *user, unsigned long pages)
{
	atomic_long_sub(pages, &user->locked_vm);
	free_uid(user);
}
