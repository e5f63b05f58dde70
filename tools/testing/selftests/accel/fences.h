/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fences as file descriptors, and those of somebody else: DRM's virtual GEM.
 * Functions return zero or a negative error number, unless they say otherwise.
 */
#ifndef _ACCEL_SELFTEST_FENCES_H
#define _ACCEL_SELFTEST_FENCES_H

#include <linux/types.h>

/**
 * struct foreign - a fence of DRM, which ends by itself after ten seconds
 * @card: the device, open
 * @number: of the fence there
 * @fd: a sync_file for it
 */
struct foreign {
	int card;
	__u32 number;
	int fd;
};

/* -ENOENT: there is no such device. */
int foreign_make(struct foreign *fence);
int foreign_signal(struct foreign *fence);
void foreign_close(struct foreign *fence);

/* Returns 0 if the fence is not signalled, 1 if it is, or its negative error. */
int fence_status(int fd);
/* Sleeps until the fence is signalled, and returns its status. */
int fence_wait(int fd);
/* The name of who signals it, of at most 32 bytes. */
int fence_driver(int fd, char *name);

#endif /* _ACCEL_SELFTEST_FENCES_H */
