/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users of the accelerator in software. Functions return zero or a negative
 * error number, unless they say otherwise.
 */
#ifndef _ACCEL_SELFTEST_SIM_H
#define _ACCEL_SELFTEST_SIM_H

#include <accel/sim.h>

#include "node.h"

#define SIM_DRIVER "accel_sim"
/* Of each buffer, in bytes. */
#define SIM_SIZE 65536

/**
 * struct sim_user - an open file with a buffer for each operand
 * @fd: the file
 * @handle: of two operands and a result
 * @memory: all of the buffers
 */
struct sim_user {
	int fd;
	__u32 handle[3];
	void *memory[3];
};

/* Finds the device of this number. -ENOENT: it is not there. */
int sim_find(struct node *node, int number);
int sim_open(struct sim_user *user, const struct node *node);
void sim_close(struct sim_user *user);

/* A job for the first @n numbers of the buffers. */
struct accel_sim_submit sim_job(const struct sim_user *user, __u32 op, __u32 n);
int sim_submit(const struct sim_user *user, struct accel_sim_submit *job);
/* Submits a job that waits for @in_fence unless that is negative, and gets a fence. */
int sim_submit_fenced(const struct sim_user *user, int in_fence, struct accel_sim_submit *job);
/* Returns the error of the job in @error, which may be NULL. */
int sim_wait(const struct sim_user *user, __u64 job, __u32 timeout_ms, int *error);
/* Submits a job and waits for it. Returns its error, too. */
int sim_run(const struct sim_user *user, struct accel_sim_submit *job);
/* Returns what poll() has to say about the file, or an error. */
int sim_poll(const struct sim_user *user, int timeout_ms);

#endif /* _ACCEL_SELFTEST_SIM_H */
