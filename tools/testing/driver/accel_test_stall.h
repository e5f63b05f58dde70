/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of accel_test_stall, the device /dev/accel_test_stall.
 *
 * All ioctls but EXPORT take the descriptor of a dma-buf of EXPORT as their argument. Each
 * returns what it says, or an error.
 */
#ifndef _ACCEL_TEST_STALL_H
#define _ACCEL_TEST_STALL_H

#include <linux/ioctl.h>

/* The operations of an exporter that may stall. */
#define ACCEL_TEST_STALL_ATTACH 1
#define ACCEL_TEST_STALL_DETACH 2
#define ACCEL_TEST_STALL_BEGIN 3
#define ACCEL_TEST_STALL_END 4
#define ACCEL_TEST_STALL_MAP 5
#define ACCEL_TEST_STALL_UNMAP 6
#define ACCEL_TEST_STALL_VMAP 7
#define ACCEL_TEST_STALL_VUNMAP 8
#define ACCEL_TEST_STALL_MMAP 9

/* How large a dma-buf is, in bytes. It is filled with zeros. */
#define ACCEL_TEST_STALL_SIZE (64UL << 10)
/* An operation stalls for at most so many seconds. */
#define ACCEL_TEST_STALL_MAX_S 60

/* Returns the descriptor of a new dma-buf, of which the operation in the argument stalls. */
#define ACCEL_TEST_STALL_IOC_EXPORT _IO('h', 0x10)
/* Lets what is stalled go on. Nothing stalls any more. */
#define ACCEL_TEST_STALL_IOC_RELEASE _IO('h', 0x11)
/* Returns how many calls are stalled. */
#define ACCEL_TEST_STALL_IOC_STALLED _IO('h', 0x12)
/* Returns how many devices are attached. */
#define ACCEL_TEST_STALL_IOC_ATTACHED _IO('h', 0x13)
/* Returns how many accesses of processors have begun, and have not ended. */
#define ACCEL_TEST_STALL_IOC_ACCESSES _IO('h', 0x14)
/* Returns how often it is mapped, for devices and for the kernel. */
#define ACCEL_TEST_STALL_IOC_MAPPED _IO('h', 0x15)

#endif /* _ACCEL_TEST_STALL_H */
