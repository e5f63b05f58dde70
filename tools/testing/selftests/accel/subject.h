/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes of any driver, and what they say of themselves.
 *
 * Environment:
 *  ACCEL_CONFORMANCE  the nodes to test, separated by blanks; without it, all
 *                     that there are
 */
#ifndef _ACCEL_SELFTEST_SUBJECT_H
#define _ACCEL_SELFTEST_SUBJECT_H

#include "node.h"

#define SUBJECTS_MAX 64
#define IOCTLS_MAX 192

/**
 * struct subject - a node, and what it says of itself
 * @node: the node
 * @driver: its driver
 * @ioctls: what ioctls it takes
 * @ioctl_count: how many
 * @observer: an open file in the observer role
 */
struct subject {
	struct node node;
	struct accel_info_driver driver;
	struct accel_info_ioctl ioctls[IOCTLS_MAX];
	int ioctl_count;
	int observer;
};

/* Returns how many there are. -ENOENT: none. For the other errors, see node_why(). */
int subjects_find(struct node *nodes, int max);
/* Opens it, and asks it for what it says of itself. */
int subject_open(struct subject *subject, const struct node *node);
/* NULL if there is no such ioctl. */
const struct accel_info_ioctl *subject_ioctl(const struct subject *subject, unsigned int command);
/* Returns all records of a topic, to be freed, and how many; NULL if that fails. */
void *subject_records(const struct subject *subject, unsigned int topic, __u32 record_size,
		      int *count);

#endif /* _ACCEL_SELFTEST_SUBJECT_H */
