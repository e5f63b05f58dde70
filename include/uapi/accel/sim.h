/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of accel_sim, an accelerator in software.
 *
 * A process submits jobs, which work on its buffers, and learns in three ways
 * that they are done: it asks with ACCEL_SIM_IOC_WAIT, polls the file, or has a
 * sync_file made, which it can pass on.
 *
 * The jobs of an open file are done one after another, in the order in which
 * they were submitted. When it is closed, those that have not begun are
 * cancelled: their sync_files report ECANCELED. If the device goes, sync_files
 * of jobs that are not done report ENODEV.
 *
 * The device has 4 MiB of memory of its own, region 1.
 */
#ifndef _UAPI_ACCEL_SIM_H
#define _UAPI_ACCEL_SIM_H

#include <accel/accel.h>

/**
 * enum accel_sim_op - what a job computes
 * @ACCEL_SIM_ADD: result[i] = a[i] + b[i], for @n numbers of 32 bits; @m and @k
 *	must be zero
 * @ACCEL_SIM_MULTIPLY: result[i] = a[i] * b[i], likewise
 * @ACCEL_SIM_MATMUL: result = a * b, for matrices in row-major order: @a has @m
 *	rows and @k columns, @b has @k rows and @n columns, both of signed
 *	numbers of 8 bits; the result has @m rows and @n columns of signed
 *	numbers of 32 bits
 *
 * All is computed modulo 2^32, in the byte order of the machine.
 */
enum accel_sim_op {
	ACCEL_SIM_ADD = 0,
	ACCEL_SIM_MULTIPLY = 1,
	ACCEL_SIM_MATMUL = 2,
};

/* The largest job, in multiplications or additions of numbers: m * n * k, or n. */
#define ACCEL_SIM_MAX_STEPS 0x400000

/* How many jobs of an open file can be on their way. */
#define ACCEL_SIM_MAX_JOBS 64

/* The job waits for the sync_file in_fence. */
#define ACCEL_SIM_IN_FENCE 0x1
/* The job gets a sync_file, in out_fence. */
#define ACCEL_SIM_OUT_FENCE 0x2

/**
 * struct accel_sim_operand - where in a buffer something is
 * @offset: bytes from its beginning
 * @handle: of the buffer
 * @reserved: must be zero
 */
struct accel_sim_operand {
	__aligned_u64 offset;
	__u32 handle;
	__u32 reserved;
};

/**
 * struct accel_sim_submit - ioctl(ACCEL_SIM_IOC_SUBMIT)
 * @size: sizeof(struct accel_sim_submit)
 * @op: in: enum accel_sim_op
 * @flags: in: ACCEL_SIM_IN_FENCE, ACCEL_SIM_OUT_FENCE
 * @in_fence: in: descriptor of a sync_file; zero without ACCEL_SIM_IN_FENCE
 * @a: in: the first operand
 * @b: in: the second operand
 * @result: in: where the result goes
 * @m: in: see enum accel_sim_op
 * @n: in: see enum accel_sim_op; not zero
 * @k: in: see enum accel_sim_op
 * @out_fence: in: must be zero; out: descriptor of a sync_file, which is closed
 *	on exec; zero without ACCEL_SIM_OUT_FENCE
 * @job: in: must be zero; out: number of the job in this open file
 *
 * The job keeps the memory of its buffers; their handles may be closed. It waits
 * for what others do with that memory, as far as they have said so (implicit
 * fences of dma-bufs), and says so itself. If the
 * sync_file reports an error, the job is not done and has that error. What the
 * result is if it overlaps an operand, or if memory is written to meanwhile, is
 * not specified.
 *
 * Errors beyond the general ones: ENOENT if there is no such buffer, EINVAL if
 * it is too small, if @in_fence is not a sync_file, or if the job is too large;
 * EAGAIN if too many jobs are on their way; EMFILE.
 */
struct accel_sim_submit {
	__u32 size;
	__u32 op;
	__u32 flags;
	__s32 in_fence;
	struct accel_sim_operand a;
	struct accel_sim_operand b;
	struct accel_sim_operand result;
	__u32 m;
	__u32 n;
	__u32 k;
	__s32 out_fence;
	__aligned_u64 job;
};

#define ACCEL_SIM_IOC_SUBMIT _IO(ACCEL_IOC_TYPE, 0x40)

/**
 * struct accel_sim_wait - ioctl(ACCEL_SIM_IOC_WAIT)
 * @size: sizeof(struct accel_sim_wait)
 * @timeout_ms: in: how long to wait, in milliseconds, at most a day; zero to
 *	return at once
 * @job: in: number of a job
 * @error: in: must be zero; out: zero if the job was done, or a negative error
 *	number that says why it was not
 * @reserved: must be zero
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero
 *	to go by @timeout_ms. Out, with EINTR: when the call would have given up,
 *	so that it waits for no longer when it is made again
 *
 * Errors beyond the general ones: ENOENT if there is no such job, or if
 * ACCEL_SIM_MAX_JOBS were submitted after it; ETIMEDOUT if it is not done in
 * time; EINTR.
 *
 * poll() reports EPOLLIN while there is a job that is done, and neither it nor a
 * later one was waited for.
 */
struct accel_sim_wait {
	__u32 size;
	__u32 timeout_ms;
	__aligned_u64 job;
	__s32 error;
	__u32 reserved;
	__aligned_u64 deadline_ns;
};

#define ACCEL_SIM_IOC_WAIT _IO(ACCEL_IOC_TYPE, 0x41)

#endif /* _UAPI_ACCEL_SIM_H */
