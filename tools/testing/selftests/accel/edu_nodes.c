// SPDX-License-Identifier: GPL-2.0
/*
 * Several edu devices, in a machine that has them.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edu_nodes.h"

#define DRIVER_DIR "/sys/bus/pci/drivers/" EDU_DRIVER

/* A device that can be reset by resetting its bus has that to itself. */
static bool is_alone(const struct node *node)
{
	char methods[64];

	return !read_file(node->device_dir, "reset_method", methods, sizeof(methods)) &&
	       strstr(methods, "bus");
}

static int lookup(struct node *node, const char *path)
{
	memset(node, 0, sizeof(*node));
	if (!realpath(path, node->device_dir))
		return -errno;
	snprintf(node->driver_dir, sizeof(node->driver_dir), "%s", DRIVER_DIR);
	return node_lookup(node);
}

int edu_nodes(struct node *nodes, size_t count)
{
	size_t found = 0, i;
	int pass, ret = 0;
	struct node node;
	glob_t paths;

	if (glob(DRIVER_DIR "/*:*", 0, NULL, &paths))
		return -ENOENT;
	for (pass = 0; pass < 2 && !ret; pass++) {
		for (i = 0; i < paths.gl_pathc && found < count; i++) {
			ret = lookup(&node, paths.gl_pathv[i]);
			if (ret)
				break;
			if (is_alone(&node) == !pass)
				nodes[found++] = node;
		}
	}
	globfree(&paths);
	if (ret)
		return ret;
	return found == count ? 0 : -ENOENT;
}
