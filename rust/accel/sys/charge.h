/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_CHARGE_H
#define _ACCEL_CHARGE_H

struct mem_cgroup;
struct mm_struct;
struct user_struct;

struct mem_cgroup *accel_helper_memcg_of_current(void);
void accel_helper_memcg_put(struct mem_cgroup *memcg);
struct mem_cgroup *accel_helper_memcg_set_active(struct mem_cgroup *memcg);
struct user_struct *accel_helper_lock_pages(unsigned long pages);
void accel_helper_count_pinned(struct mm_struct *mm, long pages);
void accel_helper_unlock_pages(struct user_struct *user, unsigned long pages);

#endif /* _ACCEL_CHARGE_H */
