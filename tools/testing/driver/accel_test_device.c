// SPDX-License-Identifier: GPL-2.0
/*
 * A platform device for the driver accel_test, which does not need it for
 * anything: tests bind and unbind it.
 */
#include <linux/err.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/platform_device.h>

static struct platform_device *device;

static int __init accel_test_device_init(void)
{
	device = platform_device_register_simple("accel_test", PLATFORM_DEVID_NONE, NULL, 0);
	return PTR_ERR_OR_ZERO(device);
}
module_init(accel_test_device_init);

static void __exit accel_test_device_exit(void)
{
	platform_device_unregister(device);
}
module_exit(accel_test_device_exit);

MODULE_AUTHOR("The accel developers");
MODULE_DESCRIPTION("Platform device for tests of the accelerator framework");
MODULE_LICENSE("GPL");
