/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of the test driver accel_test. It is not part of the framework's
 * own: it may change at any time.
 */
#ifndef _ACCEL_TEST_H
#define _ACCEL_TEST_H

#include <accel/accel.h>

/**
 * struct accel_test_words - argument of the ioctls below
 * @size: sizeof(struct accel_test_words)
 * @a: in
 * @b: in
 * @result: in: must be zero; out
 */
struct accel_test_words {
	__u32 size;
	__u32 a;
	__u32 b;
	__u32 result;
};

/* The result is the sum of a and b. */
#define ACCEL_TEST_IOC_ADD _IO(ACCEL_IOC_TYPE, 0x40)

/* Sleeps until WAKE was called, b is unused; at most a milliseconds: ETIMEDOUT. */
#define ACCEL_TEST_IOC_SLEEP _IO(ACCEL_IOC_TYPE, 0x41)

/* Wakes all that sleep on the device. */
#define ACCEL_TEST_IOC_WAKE _IO(ACCEL_IOC_TYPE, 0x42)

/* For observers too: the result is how many are asleep now. */
#define ACCEL_TEST_IOC_SLEEPERS _IO(ACCEL_IOC_TYPE, 0x43)

/* Needs CAP_SYS_NICE: adds. */
#define ACCEL_TEST_IOC_PRIVILEGED_ADD _IO(ACCEL_IOC_TYPE, 0x44)

/* A passthrough: adds. */
#define ACCEL_TEST_IOC_PASSTHROUGH_ADD _IO(ACCEL_IOC_TYPE, 0x45)

/* Adds to the sum of the open file; the result is the new sum. */
#define ACCEL_TEST_IOC_FILE_ADD _IO(ACCEL_IOC_TYPE, 0x46)

/**
 * struct accel_test_grown - ioctl(ACCEL_TEST_IOC_GROWN_ADD)
 * @size: sizeof(struct accel_test_grown); the first version ended before @c
 * @a: in
 * @b: in
 * @result: in: must be zero; out: the sum of @a, @b and @c
 * @c: in
 * @echo: in: must be zero; out: @c
 */
struct accel_test_grown {
	__u32 size;
	__u32 a;
	__u32 b;
	__u32 result;
	__u32 c;
	__u32 echo;
};

#define ACCEL_TEST_IOC_GROWN_ADD _IO(ACCEL_IOC_TYPE, 0x47)

/* Takes the structure in but does not write it back. */
#define ACCEL_TEST_IOC_INPUT_ONLY _IO(ACCEL_IOC_TYPE, 0x48)

/*
 * Is busy for a milliseconds, unless interrupted, on the engine "adder", or, if b is
 * not zero, on "mover". There are four of the first, and of the other one, which
 * accel_test.exclusive does not have.
 */
#define ACCEL_TEST_IOC_WORK _IO(ACCEL_IOC_TYPE, 0x49)

/**
 * struct accel_test_record - record of ACCEL_TEST_INFO_SQUARES
 * @number: 0 to 999
 * @square: its square
 */
struct accel_test_record {
	__u32 number;
	__u32 square;
};

#define ACCEL_TEST_INFO_SQUARES ACCEL_INFO_DRIVER_BASE

/**
 * struct accel_test_buffer - ioctl(ACCEL_TEST_IOC_BUFFER_FILL), _SUM, _MAP
 * @size: sizeof(struct accel_test_buffer)
 * @handle: in: a buffer
 * @offset: in: the first byte that is meant
 * @len: in: how many
 * @byte: in: its lowest 8 bits are what BUFFER_FILL writes to each
 * @reserved: must be zero
 * @sum: in: must be zero; out, BUFFER_SUM: the sum of the bytes
 */
struct accel_test_buffer {
	__u32 size;
	__u32 handle;
	__aligned_u64 offset;
	__aligned_u64 len;
	__u32 byte;
	__u32 reserved;
	__aligned_u64 sum;
};

/* By the driver, in the kernel. accel_test.shared has buffers, .exclusive few. */
#define ACCEL_TEST_IOC_BUFFER_FILL _IO(ACCEL_IOC_TYPE, 0x4a)
#define ACCEL_TEST_IOC_BUFFER_SUM _IO(ACCEL_IOC_TYPE, 0x4b)

/* Maps the bytes for the device, as for a job. The sum is how many the device finds. */
#define ACCEL_TEST_IOC_BUFFER_MAP _IO(ACCEL_IOC_TYPE, 0x77)

/*
 * Maps the whole buffer a for the device, until the next call of this, or until the device goes.
 * With zero, nothing is mapped.
 */
#define ACCEL_TEST_IOC_BUFFER_KEEP _IO(ACCEL_IOC_TYPE, 0x7b)

/*
 * Hands over a dump of a bytes, of which byte i is the lowest 8 bits of i times b;
 * from byte 131072 on it is zero. There are at most ACCEL_TEST_MAX_DUMP.
 */
#define ACCEL_TEST_IOC_DUMP _IO(ACCEL_IOC_TYPE, 0x60)

/*
 * Attributes, in the folder accel_test: "asleep", what SLEEPERS returns;
 * "generation", how many devices there were when this one was bound; "number",
 * which can be written, up to ACCEL_TEST_MAX_NUMBER; and "secret", 42, which only
 * root reads.
 */
#define ACCEL_TEST_MAX_NUMBER 1000

/*
 * What takes long is bounded: more than this is EINVAL. A signal ends it: EINTR.
 */
#define ACCEL_TEST_MAX_EVENTS 65536
#define ACCEL_TEST_MAX_STAY_MS 10000
#define ACCEL_TEST_MAX_OFTEN 65536
#define ACCEL_TEST_MAX_DUMP (32U << 20)

/*
 * Sends b events, at most ACCEL_TEST_MAX_EVENTS, of kind ACCEL_EVENT_DRIVER_BASE + a;
 * data[0] counts from 0, data[1] is b.
 */
#define ACCEL_TEST_IOC_SEND _IO(ACCEL_IOC_TYPE, 0x4c)

/* Reports an error of code b, of the hardware; or, if a is 1, of the firmware. */
#define ACCEL_TEST_IOC_REPORT _IO(ACCEL_IOC_TYPE, 0x4d)

/*
 * Reports an error of the hardware, of code b, and asks for a reset.
 * accel_test.exclusive cannot be reset; the others can 4 times in 2 seconds.
 */
#define ACCEL_TEST_IOC_RESET _IO(ACCEL_IOC_TYPE, 0x4e)

/*
 * For observers too: resets fail if a is not zero, with ETIMEDOUT if it is that, else with EIO,
 * and take b milliseconds. If b is zero, one that is under way ends, too.
 */
#define ACCEL_TEST_IOC_SET_RESET _IO(ACCEL_IOC_TYPE, 0x4f)

/* Resets the device. The result is how many resets were begun meanwhile. */
#define ACCEL_TEST_IOC_RESET_NOW _IO(ACCEL_IOC_TYPE, 0x78)

/*
 * For observers too: the result is how often the driver has reset the device; if
 * a is 1, how often a call was in STAY_INSIDE meanwhile, which is a mistake.
 */
#define ACCEL_TEST_IOC_RESETS _IO(ACCEL_IOC_TYPE, 0x50)

/* Stays inside the driver for a microseconds, at most ACCEL_TEST_MAX_STAY_MS. */
#define ACCEL_TEST_IOC_STAY_INSIDE _IO(ACCEL_IOC_TYPE, 0x51)

/* Works for b milliseconds on what has to be done in a. ECANCELED: there was a reset. */
#define ACCEL_TEST_IOC_WORK_WITHIN _IO(ACCEL_IOC_TYPE, 0x52)

/*
 * accel_test.shared and the device on the platform bus sleep when they were not
 * used for 20 ms. For this ioctl, which adds, and the next, which is otherwise
 * as SLEEP, they are awake.
 */
#define ACCEL_TEST_IOC_POWERED_ADD _IO(ACCEL_IOC_TYPE, 0x53)
#define ACCEL_TEST_IOC_POWERED_SLEEP _IO(ACCEL_IOC_TYPE, 0x54)

/*
 * Keeps the device awake if it is, and a is not zero; else does not any more. The
 * result is 1 if it is kept.
 */
#define ACCEL_TEST_IOC_KEEP_AWAKE _IO(ACCEL_IOC_TYPE, 0x55)

/*
 * For observers too: to put the device to sleep fails if a is not zero: with EBUSY for as
 * long as a is that, else once, with ENODEV or EIO. To wake it takes b milliseconds.
 */
#define ACCEL_TEST_IOC_SET_POWER _IO(ACCEL_IOC_TYPE, 0x56)

/* For observers too: to wake the device fails by a, as to put it to sleep does. */
#define ACCEL_TEST_IOC_FAIL_RESUME _IO(ACCEL_IOC_TYPE, 0x57)

/*
 * For observers too: the result is, by a, how often the device was put to sleep
 * (SUSPENDS), and woken (RESUMES); and how often it was asleep when it must not be:
 * when it was needed (MISSED), or any device, when it was removed (DROPPED).
 */
#define ACCEL_TEST_IOC_COUNT_POWER _IO(ACCEL_IOC_TYPE, 0x58)
#define ACCEL_TEST_SUSPENDS 0
#define ACCEL_TEST_RESUMES 1
#define ACCEL_TEST_MISSED 2
#define ACCEL_TEST_DROPPED 3

/*
 * Sleeps for a milliseconds, and then takes b milliseconds to return, at most
 * ACCEL_TEST_MAX_STAY_MS, unless a signal has ended the sleep.
 */
#define ACCEL_TEST_IOC_LINGER _IO(ACCEL_IOC_TYPE, 0x59)

/*
 * Does what a says in hard interrupt context, and returns afterwards: sends an event
 * of kind ACCEL_EVENT_DRIVER_BASE + b; as REPORT, or as RESET, with the code b; as WAKE;
 * drops what KEEP_AWAKE keeps; begins work that has to be done within b milliseconds;
 * ends that work; as END_JOB, with the job b; wakes the pollers of the open file. ENOENT:
 * there is nothing to drop, or to end. The result is how many nanoseconds that took.
 */
#define ACCEL_TEST_IOC_INTERRUPT _IO(ACCEL_IOC_TYPE, 0x5a)
#define ACCEL_TEST_INTERRUPT_SEND 0
#define ACCEL_TEST_INTERRUPT_REPORT 1
#define ACCEL_TEST_INTERRUPT_RESET 2
#define ACCEL_TEST_INTERRUPT_WAKE 3
#define ACCEL_TEST_INTERRUPT_LET_SLEEP 4
#define ACCEL_TEST_INTERRUPT_BEGIN_WORK 5
#define ACCEL_TEST_INTERRUPT_END_WORK 6
#define ACCEL_TEST_INTERRUPT_END_JOB 7
#define ACCEL_TEST_INTERRUPT_WAKE_POLLERS 8

/*
 * Does a times, at most ACCEL_TEST_MAX_OFTEN, what b says: begins work on the engine
 * "adder" and ends it; counts work there that has taken as many nanoseconds as this was
 * done before; or reads the clock twice, as the first does.
 */
#define ACCEL_TEST_IOC_WORK_OFTEN _IO(ACCEL_IOC_TYPE, 0x61)
#define ACCEL_TEST_BEGIN_AND_END 0
#define ACCEL_TEST_COUNT 1
#define ACCEL_TEST_READ_CLOCK 2

/**
 * struct accel_test_wait - ioctl(ACCEL_TEST_IOC_WAIT_JOB)
 * @size: sizeof(struct accel_test_wait)
 * @timeout_ms: in: how long to wait, in milliseconds
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero to go by
 *	@timeout_ms. Out, with EINTR: when the call would have given up
 * @job: in: number of a job of the device, below 4096
 * @times: in: how often it was done before; out: how often it was done
 *
 * Sleeps until the job was done more than @times. A job is not done before END_JOB says so.
 */
struct accel_test_wait {
	__u32 size;
	__u32 timeout_ms;
	__aligned_u64 deadline_ns;
	__u32 job;
	__u32 times;
};

#define ACCEL_TEST_IOC_WAIT_JOB _IO(ACCEL_IOC_TYPE, 0x62)

/* Does job a once more. */
#define ACCEL_TEST_IOC_END_JOB _IO(ACCEL_IOC_TYPE, 0x63)

/* For observers too: as SLEEP. */
#define ACCEL_TEST_IOC_OBSERVE _IO(ACCEL_IOC_TYPE, 0x64)

/*
 * The driver keeps a mark for each buffer that an open file has, which at first is
 * the number of its pages. For observers too: the result is how many there are, of
 * all devices.
 */
#define ACCEL_TEST_IOC_MARKS _IO(ACCEL_IOC_TYPE, 0x70)

/* Marks the buffer a with b; the result is the mark that it had. */
#define ACCEL_TEST_IOC_MARK _IO(ACCEL_IOC_TYPE, 0x71)

/* The next buffer of the open file gets no mark: EDOM. */
#define ACCEL_TEST_IOC_FAIL_MARK _IO(ACCEL_IOC_TYPE, 0x72)

/*
 * Begins a job of the open file that works on the buffer a, until the next call of
 * this; the result is the mark of the buffer that the last one had, if there was one.
 */
#define ACCEL_TEST_IOC_BUFFER_JOB _IO(ACCEL_IOC_TYPE, 0x73)

/**
 * struct accel_test_squares - ioctl(ACCEL_TEST_IOC_SQUARES)
 * @size: sizeof(struct accel_test_squares)
 * @count: in: how many numbers there are, at most ACCEL_TEST_MAX_SQUARES: E2BIG
 * @numbers_ptr: in: user pointer to an array of __u32
 * @squares_ptr: in: user pointer to an array of __u64, for the squares of the numbers
 * @sum: in: must be zero; out: the sum of the squares
 */
struct accel_test_squares {
	__u32 size;
	__u32 count;
	__aligned_u64 numbers_ptr;
	__aligned_u64 squares_ptr;
	__aligned_u64 sum;
};

#define ACCEL_TEST_IOC_SQUARES _IO(ACCEL_IOC_TYPE, 0x74)
#define ACCEL_TEST_MAX_SQUARES 4096

/*
 * For observers too: the result is how often accel_test.limited was told that a file of a
 * user is closed, which it has to be awake for, and must not be reset meanwhile: see
 * RESETS and COUNT_POWER. It sleeps as accel_test.shared does.
 */
#define ACCEL_TEST_IOC_CLOSES _IO(ACCEL_IOC_TYPE, 0x75)

/* As ADD, said to be confined. */
#define ACCEL_TEST_IOC_CONFINED_ADD _IO(ACCEL_IOC_TYPE, 0x79)

/**
 * struct accel_test_double - ioctl(ACCEL_TEST_IOC_DOUBLE)
 * @size: sizeof(struct accel_test_double)
 * @count: in: how many numbers there are, at most 4096: E2BIG
 * @numbers_ptr: in: user pointer to an array of __u32, each of which is doubled: EOVERFLOW
 */
struct accel_test_double {
	__u32 size;
	__u32 count;
	__aligned_u64 numbers_ptr;
};

#define ACCEL_TEST_IOC_DOUBLE _IO(ACCEL_IOC_TYPE, 0x7c)

/**
 * struct accel_test_row - numbers
 * @count: how many
 * @reserved: anything
 * @numbers_ptr: user pointer to an array of __u32
 */
struct accel_test_row {
	__u32 count;
	__u32 reserved;
	__aligned_u64 numbers_ptr;
};

/**
 * struct accel_test_rows - ioctl(ACCEL_TEST_IOC_SUM_ROWS)
 * @size: sizeof(struct accel_test_rows)
 * @count: in: how many rows there are
 * @rows_ptr: in: user pointer to as many struct accel_test_row
 * @stride: in: how many bytes there are from one to the next
 * @reserved: must be zero
 * @sum: in: must be zero; out: the sum of the numbers of all rows
 */
struct accel_test_rows {
	__u32 size;
	__u32 count;
	__aligned_u64 rows_ptr;
	__u32 stride;
	__u32 reserved;
	__aligned_u64 sum;
};

#define ACCEL_TEST_IOC_SUM_ROWS _IO(ACCEL_IOC_TYPE, 0x7e)

/* Sends a uevent with the variables FIRST, which is a, and SECOND_2, which is b. */
#define ACCEL_TEST_IOC_UEVENT _IO(ACCEL_IOC_TYPE, 0x7d)

/*
 * Of the driver accel_test_forget: puts the registration of the device accel_test_forget.kept
 * into the data of the device that is asked; the result is whether it was still to be had.
 */
#define ACCEL_TEST_FORGET_IOC_KEEP _IO(ACCEL_IOC_TYPE, 0x40)

/*
 * Makes a fence of work that is done when FINISH says so, of which an open file has 16
 * at most: EAGAIN. The result is a descriptor for it, a sync_file.
 */
#define ACCEL_TEST_IOC_FENCE _IO(ACCEL_IOC_TYPE, 0x7a)

#endif /* _ACCEL_TEST_H */
