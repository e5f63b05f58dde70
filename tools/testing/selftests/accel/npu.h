/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Users of the device of tools/npu. Functions return zero or a negative error
 * number, unless they say otherwise.
 *
 * Environment:
 *  ACCEL_NPU          the PCI address of the device
 *  ACCEL_NPU_PEER     that of another such device, which may go meanwhile
 *  ACCEL_NPU_CONTROL  what takes orders for it, see "The model" in npu.rst
 */
#ifndef _ACCEL_SELFTEST_NPU_H
#define _ACCEL_SELFTEST_NPU_H

#include <stdatomic.h>

#include <accel/npu.h>

#include "node.h"

#define NPU_DRIVER "accel_npu"
/* The region of the device's own memory, and of memory for rings. */
#define NPU_DEVICE 1
#define NPU_COHERENT 2
/* Where the buffer of a user is mapped, its size, and where in it results are. */
#define NPU_AT 0x100000
#define NPU_SIZE 0x40000
#define NPU_RESULT 0x20000

/* Codes and statuses of commands. */
enum {
	NPU_NOP, NPU_COPY, NPU_FILL, NPU_VECTOR, NPU_MATMUL,
};

enum {
	NPU_OK, NPU_UNKNOWN, NPU_INVALID, NPU_ADDRESS, NPU_DMA, NPU_UNSUPPORTED, NPU_MEMORY,
	NPU_PAGE,
};

/* Errors of a context that has halted, as accel_npu_wait.status has them. */
#define NPU_HALTED_DOORBELL (256 + 3)

/**
 * struct npu_user - an open file with a context, and a buffer mapped in it
 * @fd: the file
 * @context: number of the context
 * @handle: of the buffer, which is at NPU_AT
 * @memory: all of it
 */
struct npu_user {
	int fd;
	__u32 context;
	__u32 handle;
	unsigned char *memory;
};

/* -ENOENT: there is none. */
int npu_find(struct node *node);
int npu_find_peer(struct node *node);
/* Gives the device an order; returns -EINVAL if it does not obey. */
int npu_order(const char *format, ...);
/* Waits until the device's answer to "status" has that in it. */
int npu_await(const char *text);

/* A context of which the driver has the ring. */
int npu_open(struct npu_user *user, const struct node *node);
int npu_open_context(struct npu_user *user);
/* Maps a buffer for reading and writing. */
int npu_map(const struct npu_user *user, __u32 handle, __u64 address, __u64 len);
int npu_unmap(const struct npu_user *user, __u64 address);
void npu_close(struct npu_user *user);

struct accel_npu_command npu_fill(__u64 destination, __u32 length, __u32 word);
/* A product of two matrices at NPU_AT, which npu_check_product() checks. */
struct accel_npu_command npu_product(const struct npu_user *user, unsigned int seed);
bool npu_check_product(const struct npu_user *user);

/* A job of @count commands. Returns its number in @job. */
int npu_submit(const struct npu_user *user, const struct accel_npu_command *commands,
	       unsigned int count, __u32 timeout_ms, __u64 *job);
/* As npu_submit(), with whatever is set in @args beyond the commands. */
int npu_submit_with(const struct npu_user *user, const struct accel_npu_command *commands,
		    unsigned int count, struct accel_npu_submit *args);
/* Returns what has become of the job in @result, which may be NULL. */
int npu_wait(const struct npu_user *user, __u64 job, __u32 timeout_ms,
	     struct accel_npu_wait *result);
/* Submits a command and waits. Returns the error of the job, too. */
int npu_run(const struct npu_user *user, const struct accel_npu_command *command);
/* Has a product computed and checks it: -EILSEQ if it is wrong. */
int npu_compute(const struct npu_user *user, unsigned int seed);

/**
 * struct npu_ring - a context of which the process has the rings
 * @user: the file, with a buffer at NPU_AT
 * @rings: commands, and behind them the records
 * @records: where these are
 * @doorbell: of the context
 * @entries: of each ring
 * @tail: index after the last command
 * @record: index of the next record
 * @phase: of that
 */
struct npu_ring {
	struct npu_user user;
	struct accel_npu_command *rings;
	atomic_ullong *records;
	atomic_uint *doorbell;
	unsigned int entries;
	unsigned int tail;
	unsigned int record;
	unsigned int phase;
};

int npu_ring_open(struct npu_ring *ring, const struct node *node);
/* Opens a context again that was lost or has halted, and maps its doorbell. */
int npu_ring_restart(struct npu_ring *ring, __u32 coalesce);
void npu_ring_close(struct npu_ring *ring);
/* Makes no system call, and does not tell the device. */
void npu_ring_push(struct npu_ring *ring, const struct accel_npu_command *command);
void npu_ring_bell(struct npu_ring *ring);
/* Waits for the next record, and returns its status. Makes no system call. */
int npu_ring_next(struct npu_ring *ring);

/* Reads the counters of the driver. */
int npu_counters(int fd, struct accel_npu_counters *counters);

#endif /* _ACCEL_SELFTEST_NPU_H */
