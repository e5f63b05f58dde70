// SPDX-License-Identifier: GPL-2.0
/*
 * The node of the driver for tests on the PCI bus.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pci_node.h"

#define DRIVER_DIR "/sys/bus/pci/drivers/accel_test_pci"

int pci_node_find(struct node *node)
{
	glob_t found;
	int ret;

	memset(node, 0, sizeof(*node));
	if (glob(DRIVER_DIR "/*:*", 0, NULL, &found))
		return -ENOENT;
	ret = realpath(found.gl_pathv[0], node->device_dir) ? 0 : -errno;
	globfree(&found);
	snprintf(node->driver_dir, sizeof(node->driver_dir), "%s", DRIVER_DIR);
	return ret ? ret : node_lookup(node);
}
