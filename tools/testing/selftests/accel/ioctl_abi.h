/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ioctls with their structures, and a request that each of them answers.
 */
#ifndef _ACCEL_SELFTEST_IOCTL_ABI_H
#define _ACCEL_SELFTEST_IOCTL_ABI_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct ioctl_abi - an ioctl and its structure
 * @command: its number
 * @size: sizeof() the structure
 * @min_size: its size in the first version, which never changes
 * @zero: offsets of the __u32 members that must be zero, ended by 0
 * @fill: makes a request in zeroed memory
 * @answered: whether the answer to that request is right
 */
struct ioctl_abi {
	unsigned int command;
	size_t size;
	size_t min_size;
	size_t zero[4];
	void (*fill)(void *memory);
	bool (*answered)(const void *memory);
};

extern const struct ioctl_abi info_abi, edu_factorial_abi, edu_liveness_abi;

#ifdef __x86_64__
/* The 32-bit entry into the kernel, which works in a 64-bit process, too. */
int compat_ioctl(int fd, unsigned int command, void *arg);

/* Whether this kernel has that entry. */
bool has_compat(void);
#endif

#endif /* _ACCEL_SELFTEST_IOCTL_ABI_H */
