// SPDX-License-Identifier: GPL-2.0
/*
 * A device of somebody else, which has the reservation of a dma-buf locked for as long
 * as tests please: a driver may that waits for a fence, or moves the memory. And one that
 * maps dma-bufs without being able to give them back, as many drivers do.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/wait.h>

#include "accel_test_holder.h"

/* Nobody wakes who sleeps here, but a signal does. */
static DECLARE_WAIT_QUEUE_HEAD(nobody);

static long hold(struct dma_buf *dmabuf)
{
	long ret;

	ret = dma_resv_lock_interruptible(dmabuf->resv, NULL);
	if (ret)
		return -EINTR;
	ret = wait_event_interruptible_timeout(nobody, false, ACCEL_TEST_HOLDER_MAX_S * HZ);
	dma_resv_unlock(dmabuf->resv);
	return ret ? -EINTR : 0;
}

static long map(struct dma_buf *dmabuf, struct device *dev)
{
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	long ret = 0;

	attachment = dma_buf_attach(dmabuf, dev);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	table = dma_buf_map_attachment_unlocked(attachment, DMA_BIDIRECTIONAL);
	if (IS_ERR(table))
		ret = PTR_ERR(table);
	else
		dma_buf_unmap_attachment_unlocked(attachment, table, DMA_BIDIRECTIONAL);
	dma_buf_detach(dmabuf, attachment);
	return ret;
}

static struct miscdevice holder;

static long holder_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct dma_buf *dmabuf;
	long ret;

	dmabuf = dma_buf_get(arg);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	switch (command) {
	case ACCEL_TEST_HOLDER_IOC_HOLD:
		ret = hold(dmabuf);
		break;
	case ACCEL_TEST_HOLDER_IOC_MAP:
		ret = map(dmabuf, holder.this_device);
		break;
	default:
		ret = -ENOTTY;
	}
	dma_buf_put(dmabuf);
	return ret;
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

static int __init holder_init(void)
{
	int ret;

	ret = misc_register(&holder);
	if (ret)
		return ret;
	ret = dma_coerce_mask_and_coherent(holder.this_device, DMA_BIT_MASK(64));
	if (ret)
		misc_deregister(&holder);
	return ret;
}
module_init(holder_init);

static void __exit holder_exit(void)
{
	misc_deregister(&holder);
}
module_exit(holder_exit);

MODULE_AUTHOR("The accel developers");
MODULE_DESCRIPTION("Holds reservations for tests of the accelerator framework");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
