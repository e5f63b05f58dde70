// SPDX-License-Identifier: GPL-2.0
/*
 * A device of somebody else, which exports memory, and takes its time for it: a driver may
 * that waits for fences, or moves the memory.
 */
#include <linux/atomic.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/gfp.h>
#include <linux/iosys-map.h>
#include <linux/jiffies.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "accel_test_stall.h"

static DECLARE_WAIT_QUEUE_HEAD(released);

/**
 * struct memory - what is exported
 * @pages: the memory
 * @stalls: the operation that stalls, ACCEL_TEST_STALL_*; zero if none does
 * @stalled: how many calls are stalled
 * @attached: how many devices are attached
 * @accesses: how many accesses have begun, and have not ended
 * @mapped: how often it is mapped, for devices and for the kernel
 */
struct memory {
	void *pages;
	unsigned int stalls;
	atomic_t stalled;
	atomic_t attached;
	atomic_t accesses;
	atomic_t mapped;
};

/* Only who can fail is interrupted. */
static int stall(struct memory *memory, unsigned int operation)
{
	const unsigned long timeout = ACCEL_TEST_STALL_MAX_S * HZ;
	bool may_fail = operation != ACCEL_TEST_STALL_DETACH &&
			operation != ACCEL_TEST_STALL_END &&
			operation != ACCEL_TEST_STALL_UNMAP &&
			operation != ACCEL_TEST_STALL_VUNMAP;
	long left = 1;

	if (READ_ONCE(memory->stalls) != operation)
		return 0;
	atomic_inc(&memory->stalled);
	if (may_fail)
		left = wait_event_interruptible_timeout(released, !READ_ONCE(memory->stalls),
							timeout);
	else
		wait_event_idle_timeout(released, !READ_ONCE(memory->stalls), timeout);
	atomic_dec(&memory->stalled);
	return left < 0 ? -EINTR : 0;
}

static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct memory *memory = dmabuf->priv;
	int ret;

	ret = stall(memory, ACCEL_TEST_STALL_ATTACH);
	if (!ret)
		atomic_inc(&memory->attached);
	return ret;
}

static void detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attachment)
{
	struct memory *memory = dmabuf->priv;

	stall(memory, ACCEL_TEST_STALL_DETACH);
	atomic_dec(&memory->attached);
}

static int begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct memory *memory = dmabuf->priv;
	int ret;

	ret = stall(memory, ACCEL_TEST_STALL_BEGIN);
	if (!ret)
		atomic_inc(&memory->accesses);
	return ret;
}

static int end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction direction)
{
	struct memory *memory = dmabuf->priv;

	stall(memory, ACCEL_TEST_STALL_END);
	atomic_dec(&memory->accesses);
	return 0;
}

static struct sg_table *map(struct dma_buf_attachment *attachment,
			    enum dma_data_direction direction)
{
	struct memory *memory = attachment->dmabuf->priv;
	struct sg_table *table;
	int ret;

	ret = stall(memory, ACCEL_TEST_STALL_MAP);
	if (ret)
		return ERR_PTR(ret);
	table = kzalloc_obj(*table);
	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(table, 1, GFP_KERNEL);
	if (ret)
		goto out_free;
	sg_set_buf(table->sgl, memory->pages, ACCEL_TEST_STALL_SIZE);
	ret = dma_map_sgtable(attachment->dev, table, direction, 0);
	if (ret)
		goto out_free_table;
	atomic_inc(&memory->mapped);
	return table;

out_free_table:
	sg_free_table(table);
out_free:
	kfree(table);
	return ERR_PTR(ret);
}

static void unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
		  enum dma_data_direction direction)
{
	struct memory *memory = attachment->dmabuf->priv;

	stall(memory, ACCEL_TEST_STALL_UNMAP);
	dma_unmap_sgtable(attachment->dev, table, direction, 0);
	sg_free_table(table);
	kfree(table);
	atomic_dec(&memory->mapped);
}

static int map_for_kernel(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct memory *memory = dmabuf->priv;
	int ret;

	ret = stall(memory, ACCEL_TEST_STALL_VMAP);
	if (ret)
		return ret;
	iosys_map_set_vaddr(map, memory->pages);
	atomic_inc(&memory->mapped);
	return 0;
}

static void unmap_for_kernel(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct memory *memory = dmabuf->priv;

	stall(memory, ACCEL_TEST_STALL_VUNMAP);
	atomic_dec(&memory->mapped);
}

static int map_for_process(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct memory *memory = dmabuf->priv;
	int ret;

	ret = stall(memory, ACCEL_TEST_STALL_MMAP);
	if (ret)
		return ret;
	return remap_pfn_range(vma, vma->vm_start,
			       page_to_pfn(virt_to_page(memory->pages)) + vma->vm_pgoff,
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static void release(struct dma_buf *dmabuf)
{
	struct memory *memory = dmabuf->priv;

	free_pages_exact(memory->pages, ACCEL_TEST_STALL_SIZE);
	kfree(memory);
}

static const struct dma_buf_ops ops = {
	.attach = attach,
	.detach = detach,
	.begin_cpu_access = begin_cpu_access,
	.end_cpu_access = end_cpu_access,
	.map_dma_buf = map,
	.unmap_dma_buf = unmap,
	.vmap = map_for_kernel,
	.vunmap = unmap_for_kernel,
	.mmap = map_for_process,
	.release = release,
};

/* Returns a descriptor. */
static long export(unsigned int stalls)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct memory *memory;
	int fd;

	memory = kzalloc_obj(*memory);
	if (!memory)
		return -ENOMEM;
	memory->stalls = stalls;
	memory->pages = alloc_pages_exact(ACCEL_TEST_STALL_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (!memory->pages) {
		kfree(memory);
		return -ENOMEM;
	}
	info.ops = &ops;
	info.size = ACCEL_TEST_STALL_SIZE;
	info.flags = O_RDWR;
	info.priv = memory;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		free_pages_exact(memory->pages, ACCEL_TEST_STALL_SIZE);
		kfree(memory);
		return PTR_ERR(dmabuf);
	}
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

static long ask(struct memory *memory, unsigned int command)
{
	switch (command) {
	case ACCEL_TEST_STALL_IOC_RELEASE:
		WRITE_ONCE(memory->stalls, 0);
		wake_up_all(&released);
		return 0;
	case ACCEL_TEST_STALL_IOC_STALLED:
		return atomic_read(&memory->stalled);
	case ACCEL_TEST_STALL_IOC_ATTACHED:
		return atomic_read(&memory->attached);
	case ACCEL_TEST_STALL_IOC_ACCESSES:
		return atomic_read(&memory->accesses);
	case ACCEL_TEST_STALL_IOC_MAPPED:
		return atomic_read(&memory->mapped);
	default:
		return -ENOTTY;
	}
}

static long stall_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct dma_buf *dmabuf;
	long ret = -EINVAL;

	if (command == ACCEL_TEST_STALL_IOC_EXPORT)
		return export(arg);
	dmabuf = dma_buf_get(arg);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	if (dmabuf->ops == &ops)
		ret = ask(dmabuf->priv, command);
	dma_buf_put(dmabuf);
	return ret;
}

static const struct file_operations stall_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = stall_ioctl,
};

static struct miscdevice stall_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "accel_test_stall",
	.fops = &stall_fops,
};
module_misc_device(stall_device);

MODULE_AUTHOR("The accel developers");
MODULE_DESCRIPTION("Exports memory whose operations stall, for tests of the accelerator framework");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
