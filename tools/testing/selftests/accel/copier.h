/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Copies by the edu device, of which each is looked at.
 */
#ifndef _ACCEL_SELFTEST_COPIER_H
#define _ACCEL_SELFTEST_COPIER_H

#include "node.h"

/**
 * struct copier - an open file of an edu device, and two buffers
 * @fd: the file
 * @source: what is copied from
 * @target: what is copied to
 * @handles: of the two
 * @round: how many copies were made
 */
struct copier {
	int fd;
	unsigned char *source;
	unsigned char *target;
	__u32 handles[2];
	unsigned int round;
};

/* These return zero or a negative error number. */
int copier_open(struct copier *copier, const struct node *node);
/* Copies a page. -EILSEQ: the call has succeeded, and the bytes did not arrive. */
int copier_copy(struct copier *copier);

void copier_close(struct copier *copier);

#endif /* _ACCEL_SELFTEST_COPIER_H */
