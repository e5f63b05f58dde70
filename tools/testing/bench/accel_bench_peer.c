// SPDX-License-Identifier: GPL-2.0
/*
 * What the framework is measured against: a driver in C of a misc device that
 * does nothing, as short as one can be.
 */
#include <linux/device/faux.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "accel_bench_peer.h"

static int devices;
module_param(devices, int, 0444);
MODULE_PARM_DESC(devices, "Further devices, accel_bench_peer.N (default: 0)");

/**
 * struct peer - a device
 * @list: in the list of all
 * @parent: what it stands on, as the devices of accel_test do
 * @misc: its node
 * @name: of both
 */
struct peer {
	struct list_head list;
	struct faux_device *parent;
	struct miscdevice misc;
	char name[32];
};

static LIST_HEAD(peers);

static long peer_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct accel_bench_words words;

	switch (cmd) {
	case ACCEL_BENCH_IOC_COPY:
		if (copy_from_user(&words, (void __user *)arg, sizeof(words)))
			return -EFAULT;
		if (copy_to_user((void __user *)arg, &words, sizeof(words)))
			return -EFAULT;
		return 0;
	default:
		return -ENOTTY;
	}
}

static int peer_open(struct inode *inode, struct file *file)
{
	return stream_open(inode, file);
}

static const struct file_operations peer_fops = {
	.owner = THIS_MODULE,
	.open = peer_open,
	.unlocked_ioctl = peer_ioctl,
};

/* Without a number, it is the device that is measured in all other ways. */
static int add_peer(int number)
{
	struct peer *peer;
	int ret;

	peer = kzalloc_obj(*peer);
	if (!peer)
		return -ENOMEM;
	if (number < 0)
		strscpy(peer->name, "accel_bench_peer");
	else
		snprintf(peer->name, sizeof(peer->name), "accel_bench_peer.%d", number);
	peer->parent = faux_device_create(peer->name, NULL, NULL);
	if (!peer->parent) {
		ret = -ENODEV;
		goto err_free;
	}
	peer->misc = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.name = peer->name,
		.fops = &peer_fops,
		.parent = &peer->parent->dev,
	};
	ret = misc_register(&peer->misc);
	if (ret)
		goto err_parent;
	list_add_tail(&peer->list, &peers);
	return 0;

err_parent:
	faux_device_destroy(peer->parent);
err_free:
	kfree(peer);
	return ret;
}

static void peer_exit(void)
{
	struct peer *peer, *next;

	list_for_each_entry_safe(peer, next, &peers, list) {
		misc_deregister(&peer->misc);
		faux_device_destroy(peer->parent);
		kfree(peer);
	}
}

static int __init peer_init(void)
{
	int ret;

	ret = add_peer(-1);
	for (int n = 0; !ret && n < devices; n++)
		ret = add_peer(n);
	if (ret)
		peer_exit();
	return ret;
}

module_init(peer_init);
module_exit(peer_exit);

MODULE_AUTHOR("The accel developers");
MODULE_DESCRIPTION("Misc device to measure the accelerator framework against");
MODULE_LICENSE("GPL");
