// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <unistd.h>

#include "edu_module.h"
#include "test_node.h"

int edu_load(void)
{
	int ret = module_load(EDU_DRIVER, "");

	return ret == -EEXIST ? 0 : ret;
}

int edu_restore(const struct node *original)
{
	struct node now = *original;
	int ret = 0;

	unlink(OLD_NODE);
	if (access(original->driver_dir, F_OK))
		ret = edu_load();
	if (!ret && !node_bound(original))
		ret = node_bind(&now);
	if (!ret)
		ret = node_lookup(&now);
	if (!ret && now.minor != original->minor) {
		ret = node_unbind(original);
		if (!ret)
			ret = node_bind(&now);
	}
	if (!ret)
		ret = node_stall(original, false);
	if (!ret && now.minor != original->minor)
		ret = -ESTALE;
	return ret;
}
