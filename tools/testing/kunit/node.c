// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls of a user of a node, from a KUnit thread.
 */
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/sched.h>

#include "node.h"

/* Kernel threads have no file system of their own: resolve paths as init does. */
struct file *accel_test_open(const char *path, int flags)
{
	scoped_with_init_fs()
		return filp_open(path, flags, 0);
	return ERR_PTR(-EINVAL);
}

/* Unlike fput() in a kernel thread, returns only when the file is released. */
void accel_test_close(struct file *file)
{
	__fput_sync(file);
}

int accel_test_ioctl(struct file *file, unsigned int cmd, void __user *arg)
{
	return file->f_op->unlocked_ioctl(file, cmd, (unsigned long)arg);
}

/* Returns what poll() says at once. */
int accel_test_poll(struct file *file)
{
	return (__force int)vfs_poll(file, NULL);
}

/* As the driver core does it when the system shuts down. */
void accel_test_shut_down(struct file *file)
{
	struct device *dev = kobj_to_dev(file_inode(file)->i_cdev->kobj.parent);

	device_lock(dev->parent);
	device_lock(dev);
	dev->class->shutdown_pre(dev);
	device_unlock(dev);
	device_unlock(dev->parent);
}

/* Returns a page of user memory that goes with the running test, or NULL. */
void __user *accel_test_user_page(void)
{
	unsigned long address = kunit_vm_mmap(kunit_get_current_test(), NULL, 0, PAGE_SIZE,
					      PROT_READ | PROT_WRITE,
					      MAP_ANONYMOUS | MAP_PRIVATE, 0);

	return IS_ERR_VALUE(address) ? NULL : (void __user *)address;
}
