/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several edu devices, in a machine that has them.
 */
#ifndef _ACCEL_SELFTEST_EDU_NODES_H
#define _ACCEL_SELFTEST_EDU_NODES_H

#include "node.h"

/*
 * Finds the nodes of @count edu devices; those come first that nothing else is
 * with on a bus below a bridge. -ENOENT: there are not as many.
 */
int edu_nodes(struct node *nodes, size_t count);

#endif /* _ACCEL_SELFTEST_EDU_NODES_H */
