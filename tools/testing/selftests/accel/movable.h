/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Buffers of accel_test_pci that can be moved. Functions return zero or a
 * negative error number, unless they say otherwise.
 */
#ifndef _ACCEL_SELFTEST_MOVABLE_H
#define _ACCEL_SELFTEST_MOVABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/* The region of the device's memory, and how much there is. */
#define MOVABLE_REGION 1
#define MOVABLE_TOTAL (2UL << 20)
/* The size of most buffers. */
#define MOVABLE_SIZE (64UL << 10)

int movable_create_in(int fd, __u32 region, __u64 bytes, __u32 flags, __u32 *handle);
/* A movable one, in the memory of the device. */
int movable_create(int fd, __u64 bytes, __u32 *handle);
/* Returns in which region a buffer is, or an error. */
int movable_region(int fd, __u32 handle);
/* Has a buffer be in the memory of the device. Returns the region, or an error. */
int movable_place(int fd, __u32 handle);
/* As movable_place(), and lets it stay there until the next call; zero: none. */
int movable_hold(int fd, __u32 handle);
/* Says how to copy, ACCEL_TEST_PCI_COPY_*. Returns how often the device was asked to. */
int movable_copies(int fd, __u32 mode);
/* Lets there be room for one buffer of MOVABLE_SIZE only. */
int movable_one_only(int fd);
bool movable_is_all(const unsigned char *memory, unsigned char byte, size_t length);

#endif /* _ACCEL_SELFTEST_MOVABLE_H */
