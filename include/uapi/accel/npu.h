/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of accel_npu, the driver of the neural processing unit that
 * Documentation/accel/npu.rst describes. Documentation/accel/accel-npu.rst
 * has what becomes of a process when the device fails.
 *
 * An open file opens one of the four contexts of a device, maps buffers at
 * addresses of that context, and has commands executed, which use these
 * addresses. The device itself confines the commands: they reach what is mapped,
 * and nothing else. There are two ways to hand commands over:
 *
 * - ACCEL_NPU_IOC_SUBMIT: the driver has the ring. Commands come in jobs, with
 *   fences, a time limit, and buffers that others may use as well.
 * - ACCEL_NPU_USER_RING: the process has the ring, and a doorbell that it maps.
 *   A command takes no call; the kernel knows nothing of it.
 *
 * Regions of memory: 1 is the device's own, 2 is coherent, for rings.
 *
 * If the device is reset, all contexts are lost: calls that need one are ESTALE
 * until the file opens one anew.
 */
#ifndef _UAPI_ACCEL_NPU_H
#define _UAPI_ACCEL_NPU_H

#include <accel/accel.h>

/* How many bytes of addresses a context has, from 0 on. */
#define ACCEL_NPU_ADDRESSES 0x8000000

/* The process has the rings. */
#define ACCEL_NPU_USER_RING 0x1

/**
 * struct accel_npu_open - ioctl(ACCEL_NPU_IOC_OPEN)
 * @size: sizeof(struct accel_npu_open)
 * @flags: in: zero or ACCEL_NPU_USER_RING
 * @ring: in: with ACCEL_NPU_USER_RING, handle of the buffer with the rings, in
 *	region 2: the commands from its beginning on, and the records from the
 *	next multiple of 4096 bytes on
 * @order: in: with ACCEL_NPU_USER_RING, 4 to 12: the rings have 1 << order entries
 * @coalesce: in: with ACCEL_NPU_USER_RING, register CTX_COALESCE: how often
 *	completions wake poll() and ACCEL_NPU_IOC_WAIT; zero for each time
 * @context: in: must be zero; out: number of the context, for the events, and for
 *	the doorbell: with ACCEL_NPU_USER_RING, the file maps a page of 4096 bytes
 *	from offset 4096 * @context. What it has mapped so raises SIGBUS once the
 *	context is opened anew or lost
 *
 * A file that has a context gives that up first, with what is mapped in it and
 * what it has to do. Nothing is mapped in the new one, and rings are empty.
 *
 * Errors beyond the general ones: EBUSY if all contexts are in use; ENOENT,
 * EINVAL if there is no such buffer or it has not that much in one piece;
 * EOPNOTSUPP if the device does not coalesce.
 */
struct accel_npu_open {
	__u32 size;
	__u32 flags;
	__u32 ring;
	__u32 order;
	__u32 coalesce;
	__u32 context;
};

#define ACCEL_NPU_IOC_OPEN _IO(ACCEL_IOC_TYPE, 0x40)

/* Commands may write to what is mapped. */
#define ACCEL_NPU_WRITE 0x1

/**
 * struct accel_npu_map - ioctl(ACCEL_NPU_IOC_MAP)
 * @size: sizeof(struct accel_npu_map)
 * @handle: in: which buffer, of any region
 * @flags: in: zero or ACCEL_NPU_WRITE
 * @reserved: must be zero
 * @address: in: where commands of the context find it
 * @offset: in: where in the buffer to begin, bytes
 * @len: in: how many bytes; as all three, a multiple of 4096
 *
 * The mapping keeps the memory, until it is unmapped or the context is given up;
 * but if it was imported, and its exporter takes it back, it is unmapped then, and
 * a command that uses it for more than a second costs the file its context. That
 * of a process stays what it was, also if the process maps something else there.
 *
 * Errors beyond the general ones: ENODATA if the file has no context; ESTALE;
 * ENOENT if there is no such buffer; EINVAL if something is not within it, or
 * within the context; EACCES if it must not be written to; EBUSY if something is
 * mapped there; EFAULT if it is not the process's any more; EOPNOTSUPP if the
 * device cannot work on the memory itself; ENOSPC if the device has no room for
 * it; ENOMEM; EINTR, ETIMEDOUT, and what the exporter says, if it was imported.
 */
struct accel_npu_map {
	__u32 size;
	__u32 handle;
	__u32 flags;
	__u32 reserved;
	__aligned_u64 address;
	__aligned_u64 offset;
	__aligned_u64 len;
};

#define ACCEL_NPU_IOC_MAP _IO(ACCEL_IOC_TYPE, 0x41)

/**
 * struct accel_npu_unmap - ioctl(ACCEL_NPU_IOC_UNMAP)
 * @size: sizeof(struct accel_npu_unmap)
 * @reserved: must be zero
 * @address: in: where the mapping begins
 *
 * From here on, commands do not reach the memory; it is given back when the
 * command that the context executes now is done. If that takes more than a
 * second, the call is ETIMEDOUT, and may be repeated.
 *
 * Errors beyond the general ones: ENODATA, ESTALE; ENOENT if no mapping begins
 * there; ETIMEDOUT, EINTR.
 */
struct accel_npu_unmap {
	__u32 size;
	__u32 reserved;
	__aligned_u64 address;
};

#define ACCEL_NPU_IOC_UNMAP _IO(ACCEL_IOC_TYPE, 0x42)

/**
 * struct accel_npu_command - what the device does; see "Commands" in npu.rst
 * @code: what to do
 * @flags: ACCEL_NPU_NOTIFY sends an event; others must be zero
 * @sequence: overwritten by the driver
 * @source: address of the first operand, in the context
 * @destination: address of the result
 * @length: in bytes, or in numbers
 * @parameter: a word to fill with, or an operation and a type
 * @second: address of the second operand
 * @rows: of the first operand and the result
 * @columns: of the second operand and the result
 * @inner: columns of the first operand, rows of the second
 * @shift: by how many bits sums are shifted
 * @output: type of the result
 * @reserved: zero
 *
 * The driver looks at @flags only; it is the device that checks the rest.
 */
struct accel_npu_command {
	__u16 code;
	__u16 flags;
	__u32 sequence;
	__aligned_u64 source;
	__aligned_u64 destination;
	__u32 length;
	__u32 parameter;
	__aligned_u64 second;
	__u16 rows;
	__u16 columns;
	__u16 inner;
	__u8 shift;
	__u8 output;
	__aligned_u64 reserved[2];
};

#define ACCEL_NPU_NOTIFY 0x1

/**
 * struct accel_npu_access - what a job does with a buffer
 * @handle: which one
 * @flags: zero to read, ACCEL_NPU_WRITE to write
 */
struct accel_npu_access {
	__u32 handle;
	__u32 flags;
};

/* How many commands and buffers a job has at most, and a context jobs. */
#define ACCEL_NPU_MAX_COMMANDS 64
#define ACCEL_NPU_MAX_ACCESSES 64
#define ACCEL_NPU_MAX_JOBS 64

/* The job waits for the sync_file in_fence. */
#define ACCEL_NPU_IN_FENCE 0x1
/* The job gets a sync_file, in out_fence. */
#define ACCEL_NPU_OUT_FENCE 0x2

/**
 * struct accel_npu_submit - ioctl(ACCEL_NPU_IOC_SUBMIT)
 * @size: sizeof(struct accel_npu_submit)
 * @flags: in: ACCEL_NPU_IN_FENCE, ACCEL_NPU_OUT_FENCE
 * @commands_ptr: in: array of struct accel_npu_command
 * @accesses_ptr: in: array of struct accel_npu_access, for implicit fences: the
 *	job waits for what others do with these buffers, and they for the job. May
 *	be empty, for buffers that nobody else uses
 * @commands_count: in: 1 to ACCEL_NPU_MAX_COMMANDS
 * @accesses_count: in: at most ACCEL_NPU_MAX_ACCESSES
 * @in_fence: in: descriptor of a sync_file; zero without ACCEL_NPU_IN_FENCE
 * @out_fence: in: must be zero; out: descriptor of a sync_file, which is closed
 *	on exec; zero without ACCEL_NPU_OUT_FENCE
 * @timeout_ms: in: how long the device may take, in milliseconds, at most
 *	60,000; zero for the attribute timeout_ms
 * @reserved: must be zero
 * @job: in: must be zero; out: number of the job in this context, from 1 on
 *
 * The jobs of a context are done in order. All commands of a job are executed,
 * also after one that fails. A job that takes too long is ETIMEDOUT: the
 * context is reset, and its other jobs are ECANCELED; it takes new ones.
 *
 * Errors beyond the general ones: ENODATA, ESTALE; EINVAL if the rings are the
 * process's; ENOENT if there is no such buffer, EACCES if it must not be written
 * to; EAGAIN if there is no room for so many commands or for another job; EMFILE.
 */
struct accel_npu_submit {
	__u32 size;
	__u32 flags;
	__aligned_u64 commands_ptr;
	__aligned_u64 accesses_ptr;
	__u32 commands_count;
	__u32 accesses_count;
	__s32 in_fence;
	__s32 out_fence;
	__u32 timeout_ms;
	__u32 reserved;
	__aligned_u64 job;
};

#define ACCEL_NPU_IOC_SUBMIT _IO(ACCEL_IOC_TYPE, 0x43)

/**
 * struct accel_npu_wait - ioctl(ACCEL_NPU_IOC_WAIT)
 * @size: sizeof(struct accel_npu_wait)
 * @timeout_ms: in: how long to wait, in milliseconds, at most a day; zero to
 *	return at once
 * @job: in: number of a job; if the rings are the process's, how many commands
 *	the context is to have done since it was opened, modulo 1 << 32
 * @error: in: must be zero; out: zero if the job was done, or a negative error
 *	number that says why it was not: EIO if a command has failed, ETIMEDOUT,
 *	ECANCELED, ENODEV, EBADMSG if the device has said what cannot be, or what
 *	the sync_file of @in_fence reports
 * @status: in: must be zero; out: status of the first command that has failed,
 *	or if the context has halted, 256 and the error in CTX_STATUS; else zero
 * @address: in: must be zero; out: the address that the command could not use
 * @command: in: must be zero; out: which command of the job that was
 * @reserved: must be zero
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero
 *	to go by @timeout_ms. Out, with EINTR: when the call would have given up
 *
 * Errors beyond the general ones: ENODATA; ENOENT if there is no such job, or if
 * ACCEL_NPU_MAX_JOBS were submitted after it, and ESTALE if moreover the context
 * is lost; ETIMEDOUT, EINTR.
 *
 * poll() reports EPOLLIN while there is a job that is done, and neither it nor a
 * later one was waited for; or with rings of the process, when more commands are
 * done than were waited for, or the context has halted.
 */
struct accel_npu_wait {
	__u32 size;
	__u32 timeout_ms;
	__aligned_u64 job;
	__s32 error;
	__u32 status;
	__aligned_u64 address;
	__u32 command;
	__u32 reserved;
	__aligned_u64 deadline_ns;
};

#define ACCEL_NPU_IOC_WAIT _IO(ACCEL_IOC_TYPE, 0x44)

/* A command with ACCEL_NPU_NOTIFY is done; data[0] is the context. */
#define ACCEL_NPU_EVENT_NOTIFY 0x8000

/*
 * A context was reset by the driver: data[0] is the context, data[1] the error
 * number of the job that was the reason.
 */
#define ACCEL_NPU_EVENT_RESET 0x8001

/* Topic of information: one struct accel_npu_counters. */
#define ACCEL_NPU_INFO_COUNTERS 0x8000

/**
 * struct accel_npu_counters - what the device has done since it was reset, as of
 *	when the driver last looked
 * @commands: commands done, well or not
 * @bytes_read: from host memory
 * @bytes_written: to host memory
 * @macs: multiplications of matrix commands
 * @context_resets: contexts that were reset because of a job, since the device
 *	was bound
 * @records_twice: completion records that came twice, since then
 * @late_interrupts: completions that no interrupt had told, since then
 */
struct accel_npu_counters {
	__aligned_u64 commands;
	__aligned_u64 bytes_read;
	__aligned_u64 bytes_written;
	__aligned_u64 macs;
	__aligned_u64 context_resets;
	__aligned_u64 records_twice;
	__aligned_u64 late_interrupts;
};

/*
 * Codes of errors that the driver reports (topic STATUS): the bits of the
 * register ERROR, and these.
 */
#define ACCEL_NPU_ERROR_RECORD_TWICE 0x100
#define ACCEL_NPU_ERROR_RECORD_WRONG 0x101
#define ACCEL_NPU_ERROR_CONTEXT_HUNG 0x102
#define ACCEL_NPU_ERROR_RESET_HUNG 0x103
#define ACCEL_NPU_ERROR_CONTEXT_HALTED 0x104
#define ACCEL_NPU_ERROR_GONE 0x105

#endif /* _UAPI_ACCEL_NPU_H */
