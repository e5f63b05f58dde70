// SPDX-License-Identifier: GPL-2.0
/*
 * Another device, which works on a dma-buf.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fdtable.h>
#include <linux/iosys-map.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

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
	for_each_sgtable_dma_sg(table, entry, i)
		mapped += sg_dma_len(entry);
	ret = mapped == size ? compare(dmabuf, table, size) : -EMSGSIZE;
	dma_buf_unmap_attachment_unlocked(attach, table, DMA_BIDIRECTIONAL);
out:
	dma_buf_detach(dmabuf, attach);
	return ret;
}

/*
 * Lets a new device work on a dma-buf of @size bytes. -EMSGSIZE: it was given
 * another size; -EBADMSG: it does not see what the processor has written.
 */
int accel_test_dma_buf_use(struct dma_buf *dmabuf, size_t size)
{
	struct platform_device *pdev;
	int ret;

	if (dmabuf->size != size)
		return -EMSGSIZE;
	pdev = platform_device_register_simple("accel_kunit_importer", PLATFORM_DEVID_AUTO, NULL,
					       0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	ret = dma_coerce_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (!ret)
		ret = use_as(&pdev->dev, dmabuf, size);
	platform_device_unregister(pdev);
	return ret;
}
