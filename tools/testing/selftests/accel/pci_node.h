/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The node of the driver for tests on the PCI bus, accel_test_pci.
 */
#ifndef _ACCEL_SELFTEST_PCI_NODE_H
#define _ACCEL_SELFTEST_PCI_NODE_H

#include "node.h"

/* -ENOENT: there is none. */
int pci_node_find(struct node *node);

#endif /* _ACCEL_SELFTEST_PCI_NODE_H */
