/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that are asleep in a system call on the node.
 */
#ifndef _ACCEL_SELFTEST_CALLER_H
#define _ACCEL_SELFTEST_CALLER_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "node.h"

/**
 * struct caller - a thread that makes one system call
 * @call: makes it; returns what it returned, or a negative error number
 * @syscall_nr: the number of that system call
 * @fd: for @call
 * @n: for @call
 * @timeout_ms: for @call
 * @ret: what @call returned
 * @result: what @call computed
 * @elapsed_ns: how long that took
 * @thread: the thread
 * @tid: its id, once it runs
 * @done: it has returned from @call
 */
struct caller {
	int (*call)(struct caller *caller);
	long syscall_nr;
	int fd;
	__u32 n;
	__u32 timeout_ms;

	int ret;
	__u32 result;
	__u64 elapsed_ns;

	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
};

/* A caller of edu_factorial(). */
struct caller factorial_caller(int fd, __u32 n, __u32 timeout_ms);
/* A caller of poll(), which computes what has happened. */
struct caller poll_caller(int fd, __u32 events, __u32 timeout_ms);

/*
 * Starts the thread and waits until it is asleep in its system call.
 * -ECANCELED: it returned without having slept, and must be joined.
 */
int caller_start(struct caller *caller);
/* -ETIMEDOUT: it did not return. */
int caller_join(struct caller *caller);
/* Interrupts its system call by a signal that does nothing else. */
int caller_interrupt(struct caller *caller);

/* Waits until a thread or process is asleep in the system call @nr. */
int wait_asleep(pid_t tid, long nr, atomic_bool *done);

#endif /* _ACCEL_SELFTEST_CALLER_H */
