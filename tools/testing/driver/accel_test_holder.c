// SPDX-License-Identifier: GPL-2.0
/*
 * A device of somebody else, which has the reservation of a dma-buf locked for as long
 * as tests please: a driver may that waits for a fence, or moves the memory.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/wait.h>

#include "accel_test_holder.h"

/* Nobody wakes who sleeps here, but a signal does. */
static DECLARE_WAIT_QUEUE_HEAD(nobody);

static long holder_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct dma_buf *dmabuf;
	long ret;

	if (command != ACCEL_TEST_HOLDER_IOC_HOLD)
		return -ENOTTY;
	dmabuf = dma_buf_get(arg);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (!ret) {
		ret = wait_event_interruptible_timeout(nobody, false,
						       ACCEL_TEST_HOLDER_MAX_S * HZ);
		dma_resv_unlock(dmabuf->resv);
	}
	dma_buf_put(dmabuf);
	return ret ? -EINTR : 0;
}

static const struct file_operations holder_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = holder_ioctl,
};

static struct miscdevice holder = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "accel_test_holder",
	.fops = &holder_fops,
};
module_misc_device(holder);

MODULE_AUTHOR("The accel developers");
MODULE_DESCRIPTION("Holds reservations for tests of the accelerator framework");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
