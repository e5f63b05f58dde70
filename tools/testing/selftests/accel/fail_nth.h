/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations that fail on request, by /proc/thread-self/fail-nth: those that
 * modules make, or anybody on their behalf.
 */
#ifndef _ACCEL_SELFTEST_FAIL_NTH_H
#define _ACCEL_SELFTEST_FAIL_NTH_H

#include <stdbool.h>

/*
 * Prepares the kernel for it, for as long as it runs: without fail-nth, these
 * settings have no effect. -ENOENT: it cannot do this.
 */
int fail_nth_setup(void);

/*
 * From then on, one kind of allocation fails, whoever makes it. Of those from
 * slabs, an operation makes the same ones each time; of pages it does not, since
 * they are for slabs that happen to be full.
 */
#define FAIL_NTH_SLAB "failslab"
#define FAIL_NTH_PAGE "fail_page_alloc"
int fail_nth_only(const char *kind);

/* Spares what a function of the kernel allocates, if there is one of this name. */
int fail_nth_spare(const char *function);

/* Stays on this processor: slabs and what else is per processor are then the same each time. */
int fail_nth_stay(void);

/* The n-th allocation from now on fails; with n beyond what there is, none. */
int fail_nth_arm(unsigned int n);
/* Returns whether one has failed, or an error. No other will. */
int fail_nth_disarm(void);

#endif /* _ACCEL_SELFTEST_FAIL_NTH_H */
