/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration space of the device that a node is on. Functions return a
 * negative error number if they fail.
 */
#ifndef _ACCEL_SELFTEST_PCI_CONFIG_H
#define _ACCEL_SELFTEST_PCI_CONFIG_H

#include "node.h"

/* Bits of the command register. */
#define PCI_MEMORY 2
#define PCI_MASTER 4

int pci_command(const struct node *node);
int pci_set_command(const struct node *node, __u16 command);
/* Has the device not answer, as one that was pulled: all bits seem to be set. */
int pci_hide(const struct node *node);
int pci_show(const struct node *node);

#endif /* _ACCEL_SELFTEST_PCI_CONFIG_H */
