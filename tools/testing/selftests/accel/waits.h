/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that wait for a device in each of the ways that there are.
 *
 * Functions return zero or a negative error number.
 */
#ifndef _ACCEL_SELFTEST_WAITS_H
#define _ACCEL_SELFTEST_WAITS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "fences.h"
#include "sim.h"
#include "test_node.h"

/**
 * enum wait_kind - what a process waits for
 * @WAIT_JOB: a job of the test driver, in a queue of the driver's own
 * @WAIT_FENCE: a fence, of a job of accel_sim that waits for one of others
 * @WAIT_EVENT: an event, in read()
 * @WAIT_RESET: the end of a reset, at the entrance
 * @WAIT_TIMELINE: a point of a timeline
 * @WAIT_SUBMIT: that a point is submitted, in an ioctl of the test driver
 */
enum wait_kind { WAIT_JOB, WAIT_FENCE, WAIT_EVENT, WAIT_RESET, WAIT_TIMELINE, WAIT_SUBMIT };

/**
 * struct wait_result - what a process has to say, in memory that it shares
 * @ret: what its call returned
 * @deadline_ns: what the call wrote back
 * @handled: how many signals its handler has handled
 * @done: the call has returned
 */
struct wait_result {
	int ret;
	__u64 deadline_ns;
	atomic_int handled;
	atomic_bool done;
};

/**
 * struct waiting - a wait
 * @kind: for what
 * @node: of which device
 * @fd: the file by which it waits
 * @other: another one of the same device, to end it with
 * @user: for WAIT_FENCE
 * @fence: for WAIT_FENCE
 * @job: for WAIT_JOB and WAIT_FENCE; a handle for WAIT_TIMELINE and WAIT_SUBMIT
 * @times: for WAIT_JOB
 * @deadline_ns: for those that have one: what the call is given
 * @pid: the process
 * @result: what it has to say
 */
struct waiting {
	enum wait_kind kind;
	struct node node;
	int fd;
	int other;
	struct sim_user user;
	struct foreign fence;
	__u64 job;
	__u32 times;
	__u64 deadline_ns;
	pid_t pid;
	struct wait_result *result;
};

/* -ENOENT: there is no such device, or no fence of others. */
int waiting_open(struct waiting *waiting, enum wait_kind kind);
/* As waiting_open(), but WAIT_JOB on a device that was found before. */
int waiting_open_job(struct waiting *waiting, const struct node *node);
void waiting_close(struct waiting *waiting);

/* Makes the call. */
int waiting_call(struct waiting *waiting, __u32 timeout_ms);
/*
 * Starts a process that calls @prepare, unless that is NULL, and makes the call,
 * and waits until it is asleep in that.
 */
int waiting_start(struct waiting *waiting, int (*prepare)(struct waiting *waiting, void *arg),
		  void *arg);
/* Waits until the process is asleep in its call, again. -ECANCELED: the call has returned. */
int waiting_asleep(struct waiting *waiting);
/* Ends what it waits for. */
int waiting_end(struct waiting *waiting);
/* Waits until it has ended, and returns what its call did. -ECHILD: it came to another end. */
int waiting_join(struct waiting *waiting);

#endif /* _ACCEL_SELFTEST_WAITS_H */
