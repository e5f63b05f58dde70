/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory control groups, and what the kernel's allocations add up to. Functions
 * return zero or a negative error number, unless they say otherwise.
 */
#ifndef _ACCEL_SELFTEST_CGROUP_H
#define _ACCEL_SELFTEST_CGROUP_H

/* Mounts the groups; to be called once, before the others, and by root. */
int cgroup_begin(void);
/* What is mounted goes, and a group with a name, if there is nobody in it. */
void cgroup_end(void);
int cgroup_make(const char *name);
int cgroup_remove(const char *name);
int cgroup_limit(const char *name, const char *bytes);
/* The calling process enters a group, and stays on one processor from now on. */
int cgroup_enter(const char *name);
/*
 * Returns how many bytes are charged to a group, or an error; without what is
 * charged in advance for the processor of the caller.
 */
long long cgroup_charged(const char *name);
/*
 * Returns how many bytes of kmalloc() and of kmem_cache_alloc() are in use, whoever
 * they are charged to, or an error. What the debug kernel keeps of them is not
 * counted.
 */
long long slab_in_use(void);

#endif /* _ACCEL_SELFTEST_CGROUP_H */
