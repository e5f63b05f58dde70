// SPDX-License-Identifier: GPL-2.0
/*
 * Another driver, which exports memory and takes it back.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "exporter.h"

/**
 * struct memory - what is exported
 * @pages: the memory
 * @mapped: how often it is mapped for a device
 * @withdrawn: it was taken back
 * @stalls: it is not mapped before this is false
 * @stalled: somebody waits for that
 */
struct memory {
	void *pages;
	atomic_t mapped;
	bool withdrawn;
	bool stalls;
	bool stalled;
};

static struct sg_table *map(struct dma_buf_attachment *attach, enum dma_data_direction direction)
{
	struct memory *memory = attach->dmabuf->priv;
	struct sg_table *table;
	int ret;

	while (READ_ONCE(memory->stalls)) {
		WRITE_ONCE(memory->stalled, true);
		msleep(20);
	}
	if (memory->withdrawn)
		return ERR_PTR(-ENODEV);
	table = kzalloc_obj(*table);
	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(table, 1, GFP_KERNEL);
	if (ret)
		goto out_free;
	sg_set_buf(table->sgl, memory->pages, attach->dmabuf->size);
	ret = dma_map_sgtable(attach->dev, table, direction, 0);
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

static void unmap(struct dma_buf_attachment *attach, struct sg_table *table,
		  enum dma_data_direction direction)
{
	struct memory *memory = attach->dmabuf->priv;

	dma_unmap_sgtable(attach->dev, table, direction, 0);
	sg_free_table(table);
	kfree(table);
	atomic_dec(&memory->mapped);
}

static void release(struct dma_buf *dmabuf)
{
	struct memory *memory = dmabuf->priv;

	free_pages_exact(memory->pages, dmabuf->size);
	kfree(memory);
}

static const struct dma_buf_ops ops = {
	.map_dma_buf = map,
	.unmap_dma_buf = unmap,
	.release = release,
};

/* Exports @size bytes; @flags are O_RDWR or O_RDONLY. */
struct dma_buf *accel_test_exporter_new(size_t size, int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	struct memory *memory;

	memory = kzalloc_obj(*memory);
	if (!memory)
		return ERR_PTR(-ENOMEM);
	memory->pages = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	if (!memory->pages) {
		kfree(memory);
		return ERR_PTR(-ENOMEM);
	}
	info.ops = &ops;
	info.size = size;
	info.flags = flags;
	info.priv = memory;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		free_pages_exact(memory->pages, size);
		kfree(memory);
	}
	return dmabuf;
}

/* Returns a descriptor of the current thread. */
int accel_test_exporter_fd(struct dma_buf *dmabuf)
{
	int fd;

	get_dma_buf(dmabuf);
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/* Takes the memory back from those who have it, for good. */
void accel_test_exporter_withdraw(struct dma_buf *dmabuf)
{
	struct memory *memory = dmabuf->priv;

	dma_resv_lock(dmabuf->resv, NULL);
	memory->withdrawn = true;
	dma_buf_invalidate_mappings(dmabuf);
	dma_resv_unlock(dmabuf->resv);
}

/* How often it is mapped for a device. */
int accel_test_exporter_mapped(struct dma_buf *dmabuf)
{
	struct memory *memory = dmabuf->priv;

	return atomic_read(&memory->mapped);
}

/* Whoever maps it from now on waits, until this is called again. */
void accel_test_exporter_stall(struct dma_buf *dmabuf, bool stalls)
{
	struct memory *memory = dmabuf->priv;

	WRITE_ONCE(memory->stalls, stalls);
}

/* Whether somebody has waited. */
bool accel_test_exporter_stalled(struct dma_buf *dmabuf)
{
	struct memory *memory = dmabuf->priv;

	return READ_ONCE(memory->stalled);
}
