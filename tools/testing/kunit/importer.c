// SPDX-License-Identifier: GPL-2.0
/*
 * Another device, which works on a dma-buf.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fdtable.h>
#include <linux/iosys-map.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "importer.h"

/* Returns the dma-buf of a descriptor of the current thread, which is closed. */
struct dma_buf *accel_test_dma_buf_take(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	close_fd(fd);
	return dmabuf;
}

void accel_test_dma_buf_put(struct dma_buf *dmabuf)
{
	dma_buf_put(dmabuf);
}

/* The processor writes, and reads through the list of pages that the device was given. */
static int compare(struct dma_buf *dmabuf, struct sg_table *table, size_t size)
{
	struct iosys_map map;
	size_t offset;
	u8 *seen;
	int ret;

	seen = kvmalloc(size, GFP_KERNEL);
	if (!seen)
		return -ENOMEM;
	ret = dma_buf_vmap_unlocked(dmabuf, &map);
	if (ret)
		goto out_free;
	ret = dma_buf_begin_cpu_access(dmabuf, DMA_BIDIRECTIONAL);
	if (ret)
		goto out_vunmap;
	for (offset = 0; offset < size; offset += 61)
		iosys_map_wr(&map, offset, u8, offset % 251);
	ret = dma_buf_end_cpu_access(dmabuf, DMA_BIDIRECTIONAL);
	if (ret)
		goto out_vunmap;

	if (sg_copy_to_buffer(table->sgl, table->orig_nents, seen, size) != size)
		ret = -ENODATA;
	for (offset = 0; offset < size && !ret; offset += 61)
		if (seen[offset] != offset % 251)
			ret = -EBADMSG;
out_vunmap:
	dma_buf_vunmap_unlocked(dmabuf, &map);
out_free:
	kvfree(seen);
	return ret;
}

static int use_as(struct device *dev, struct dma_buf *dmabuf, size_t size)
{
	struct dma_buf_attachment *attach;
	struct scatterlist *entry;
	struct sg_table *table;
	size_t mapped = 0;
	unsigned int i;
	int ret;

	attach = dma_buf_attach(dmabuf, dev);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	table = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(table)) {
		ret = PTR_ERR(table);
		goto out;
	}
	ret = 0;
	for_each_sgtable_dma_sg(table, entry, i) {
		mapped += sg_dma_len(entry);
		if (sg_dma_len(entry) > dma_get_max_seg_size(dev))
			ret = -EFBIG;
	}
	if (!ret)
		ret = mapped == size ? compare(dmabuf, table, size) : -EMSGSIZE;
	dma_buf_unmap_attachment_unlocked(attach, table, DMA_BIDIRECTIONAL);
out:
	dma_buf_detach(dmabuf, attach);
	return ret;
}

static struct platform_device *new_device(void)
{
	struct platform_device *pdev;
	int ret;

	pdev = platform_device_register_simple("accel_kunit_importer", PLATFORM_DEVID_AUTO, NULL,
					       0);
	if (IS_ERR(pdev))
		return pdev;
	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret) {
		platform_device_unregister(pdev);
		return ERR_PTR(ret);
	}
	return pdev;
}

/*
 * Lets a new device work on a dma-buf of @size bytes. -EMSGSIZE: it was given
 * another size; -EFBIG: it was given more at a time than it takes; -EBADMSG: it
 * does not see what the processor has written.
 */
int accel_test_dma_buf_use(struct dma_buf *dmabuf, size_t size)
{
	struct platform_device *pdev;
	int ret;

	if (dmabuf->size != size)
		return -EMSGSIZE;
	pdev = new_device();
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	ret = use_as(&pdev->dev, dmabuf, size);
	platform_device_unregister(pdev);
	return ret;
}

/* A device that gives memory back when it is told to, a little later. */
struct accel_test_holder {
	struct platform_device *pdev;
	struct dma_buf_attachment *attach;
	struct sg_table *table;
	struct work_struct give_back;
};

static void give_back(struct work_struct *work)
{
	struct accel_test_holder *holder =
		container_of(work, struct accel_test_holder, give_back);

	dma_resv_lock(holder->attach->dmabuf->resv, NULL);
	if (holder->table)
		dma_buf_unmap_attachment(holder->attach, holder->table, DMA_BIDIRECTIONAL);
	holder->table = NULL;
	dma_resv_unlock(holder->attach->dmabuf->resv);
}

static void invalidate_mappings(struct dma_buf_attachment *attach)
{
	struct accel_test_holder *holder = attach->importer_priv;

	schedule_work(&holder->give_back);
}

static const struct dma_buf_attach_ops holder_ops = {
	.invalidate_mappings = invalidate_mappings,
};

/* Attaches a new device, which does not map the memory yet. */
struct accel_test_holder *accel_test_dma_buf_hold(struct dma_buf *dmabuf)
{
	struct accel_test_holder *holder;
	int ret;

	holder = kzalloc_obj(*holder);
	if (!holder)
		return ERR_PTR(-ENOMEM);
	INIT_WORK(&holder->give_back, give_back);
	holder->pdev = new_device();
	if (IS_ERR(holder->pdev)) {
		ret = PTR_ERR(holder->pdev);
		goto out_free;
	}
	holder->attach = dma_buf_dynamic_attach(dmabuf, &holder->pdev->dev, &holder_ops, holder);
	if (IS_ERR(holder->attach)) {
		ret = PTR_ERR(holder->attach);
		goto out_unregister;
	}
	return holder;

out_unregister:
	platform_device_unregister(holder->pdev);
out_free:
	kfree(holder);
	return ERR_PTR(ret);
}

bool accel_test_holder_has_it(struct accel_test_holder *holder)
{
	return holder->table;
}

/* Maps the memory, which is to be all zeros: if not, -EBADMSG. */
int accel_test_holder_map(struct accel_test_holder *holder)
{
	struct dma_buf *dmabuf = holder->attach->dmabuf;
	struct sg_table *table;
	u8 *seen;
	int ret = 0;

	dma_resv_lock(dmabuf->resv, NULL);
	table = dma_buf_map_attachment(holder->attach, DMA_BIDIRECTIONAL);
	if (!IS_ERR(table))
		holder->table = table;
	dma_resv_unlock(dmabuf->resv);
	if (IS_ERR(table))
		return PTR_ERR(table);

	seen = kvmalloc(dmabuf->size, GFP_KERNEL);
	if (!seen)
		return -ENOMEM;
	if (sg_copy_to_buffer(table->sgl, table->orig_nents, seen, dmabuf->size) != dmabuf->size ||
	    memchr_inv(seen, 0, dmabuf->size))
		ret = -EBADMSG;
	kvfree(seen);
	return ret;
}

void accel_test_holder_end(struct accel_test_holder *holder)
{
	flush_work(&holder->give_back);
	give_back(&holder->give_back);
	dma_buf_detach(holder->attach->dmabuf, holder->attach);
	platform_device_unregister(holder->pdev);
	kfree(holder);
}

/* Waits until the holder has given back what it has to. */
void accel_test_holder_settle(struct accel_test_holder *holder)
{
	flush_work(&holder->give_back);
}

int accel_test_holder_pin(struct accel_test_holder *holder)
{
	struct dma_resv *resv = holder->attach->dmabuf->resv;
	int ret;

	dma_resv_lock(resv, NULL);
	ret = dma_buf_pin(holder->attach);
	dma_resv_unlock(resv);
	return ret;
}

void accel_test_holder_unpin(struct accel_test_holder *holder)
{
	struct dma_resv *resv = holder->attach->dmabuf->resv;

	dma_resv_lock(resv, NULL);
	dma_buf_unpin(holder->attach);
	dma_resv_unlock(resv);
}

/* A piece of work on a dma-buf, which ends a little later when it is to. */
struct accel_test_work {
	struct dma_fence fence;
	struct work_struct end;
};

static const char *work_name(struct dma_fence *fence)
{
	return "accel_kunit_importer";
}

static const struct dma_fence_ops work_ops = {
	.get_driver_name = work_name,
	.get_timeline_name = work_name,
};

static void end_work(struct work_struct *end)
{
	struct accel_test_work *work = container_of(end, struct accel_test_work, end);

	/* So that those who wait for it do. */
	msleep(30);
	dma_fence_signal(&work->fence);
	dma_fence_put(&work->fence);
}

struct dma_fence *accel_test_dma_buf_work(struct dma_buf *dmabuf)
{
	struct accel_test_work *work = kzalloc_obj(*work);
	int ret;

	if (!work)
		return ERR_PTR(-ENOMEM);
	INIT_WORK(&work->end, end_work);
	dma_fence_init(&work->fence, &work_ops, NULL, dma_fence_context_alloc(1), 1);
	dma_resv_lock(dmabuf->resv, NULL);
	ret = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!ret)
		dma_resv_add_fence(dmabuf->resv, &work->fence, DMA_RESV_USAGE_READ);
	dma_resv_unlock(dmabuf->resv);
	if (ret) {
		dma_fence_put(&work->fence);
		return ERR_PTR(ret);
	}
	return &work->fence;
}

void accel_test_work_ends(struct dma_fence *fence)
{
	struct accel_test_work *work = container_of(fence, struct accel_test_work, fence);

	dma_fence_get(fence);
	schedule_work(&work->end);
}

bool accel_test_work_has_ended(struct dma_fence *fence)
{
	return dma_fence_is_signaled(fence);
}

void accel_test_work_put(struct dma_fence *fence)
{
	struct accel_test_work *work = container_of(fence, struct accel_test_work, fence);

	flush_work(&work->end);
	dma_fence_signal(fence);
	dma_fence_put(fence);
}

/*
 * Has the reservation locked until the fence is signalled, as a driver may that has
 * the memory moved. Returns whether it was, within so many milliseconds.
 */
bool accel_test_dma_buf_lock_until(struct dma_buf *dmabuf, struct dma_fence *fence,
				   unsigned int ms)
{
	long left;

	dma_resv_lock(dmabuf->resv, NULL);
	left = dma_fence_wait_timeout(fence, false, msecs_to_jiffies(ms));
	dma_resv_unlock(dmabuf->resv);
	return left > 0;
}

bool accel_test_dma_buf_is_locked(struct dma_buf *dmabuf)
{
	return dma_resv_is_locked(dmabuf->resv);
}
