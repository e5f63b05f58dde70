/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many threads that are asleep in ACCEL_TEST_IOC_SLEEP.
 */
#ifndef _ACCEL_SELFTEST_SLEEPERS_H
#define _ACCEL_SELFTEST_SLEEPERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "test_node.h"

struct sleepers;

/**
 * struct sleeper - a thread
 * @thread: its handle
 * @all: to which it belongs
 * @ret: what it got
 */
struct sleeper {
	pthread_t thread;
	struct sleepers *all;
	int ret;
};

/**
 * struct sleepers - threads
 * @fd: the file through which they sleep
 * @count: how many there are
 * @each: they themselves
 * @stacks: their stacks, one after another
 * @last_ns: when the last of them returned
 */
struct sleepers {
	int fd;
	int count;
	struct sleeper *each;
	char *stacks;
	atomic_ullong last_ns;
};

/* Starts @count threads, and waits until all of them are asleep. */
int sleepers_start(struct sleepers *sleepers, int fd, int count);
/*
 * Waits until all have returned. Returns how many got another result than
 * @expected, or an error.
 */
int sleepers_join(struct sleepers *sleepers, int expected);

#endif /* _ACCEL_SELFTEST_SLEEPERS_H */
