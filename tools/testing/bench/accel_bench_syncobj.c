// SPDX-License-Identifier: GPL-2.0
/*
 * What timelines are measured against: a driver of DRM that has timeline syncobjs,
 * which vgem has not, and nothing else.
 */
#include <linux/device/faux.h>
#include <linux/err.h>
#include <linux/module.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

static struct faux_device *parent;
static struct drm_device *device;

DEFINE_DRM_GEM_FOPS(syncobj_fops);

static const struct drm_driver syncobj_driver = {
	.driver_features = DRIVER_RENDER | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.fops = &syncobj_fops,
	.name = "accel_bench_syncobj",
	.desc = "Timeline syncobjs to measure against",
	.major = 1,
};

static int __init syncobj_init(void)
{
	int ret;

	parent = faux_device_create("accel_bench_syncobj", NULL, NULL);
	if (!parent)
		return -ENODEV;
	device = drm_dev_alloc(&syncobj_driver, &parent->dev);
	if (IS_ERR(device)) {
		ret = PTR_ERR(device);
		goto err_parent;
	}
	ret = drm_dev_register(device, 0);
	if (ret)
		goto err_device;
	return 0;

err_device:
	drm_dev_put(device);
err_parent:
	faux_device_destroy(parent);
	return ret;
}

static void __exit syncobj_exit(void)
{
	drm_dev_unregister(device);
	drm_dev_put(device);
	faux_device_destroy(parent);
}

module_init(syncobj_init);
module_exit(syncobj_exit);

MODULE_AUTHOR("The accel developers");
MODULE_DESCRIPTION("Timeline syncobjs of DRM to measure the accelerator framework against");
MODULE_LICENSE("GPL");
