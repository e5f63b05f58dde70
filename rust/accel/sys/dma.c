// SPDX-License-Identifier: GPL-2.0
/*
 * What a device reaches by DMA, and other devices of its memory.
 *
 * A function without a comment has the contract of the one that it wraps.
 */
#include <linux/cc_platform.h>
#include <linux/device.h>
#include <linux/dma-buf-mapping.h>
#include <linux/dma-buf.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/iommu-dma.h>
#include <linux/pci-p2pdma.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "dma.h"

/* A device that is only software may not be set up for DMA at all. */
bool accel_helper_can_dma(struct device *dev)
{
	return dev->dma_mask && *dev->dma_mask;
}

/* Whether a device finds memory at addresses that are made for it. */
bool accel_helper_is_translated(struct device *dev)
{
	return use_dma_iommu(dev);
}

/* How long entries of tables for a device may be, if that is known of it. */
void accel_helper_dma_set_max_segment(struct device *dev, unsigned int bytes)
{
	if (dev->dma_parms)
		dma_set_max_seg_size(dev, bytes);
}

/*
 * The most bytes that an entry of a table may have: as many as the device takes,
 * and as fit where its DMA is bounced.
 */
size_t accel_helper_dma_max_segment(struct device *dev)
{
	return min_t(size_t, dma_get_max_seg_size(dev), dma_max_mapping_size(dev));
}

/* The bits of an address that may differ within an entry of a table. */
unsigned long accel_helper_dma_boundary(struct device *dev)
{
	return dma_get_seg_boundary(dev);
}

/*
 * Whether what a device does is done to a copy of the memory that the DMA API
 * keeps, because it cannot reach the memory, or must not.
 */
bool accel_helper_dma_may_bounce(struct device *dev)
{
	return dma_max_mapping_size(dev) != SIZE_MAX;
}

/*
 * Whether a device can use all addresses that it was given. The DMA API sees to
 * that, other than for memory on the bus of the device, which is where it is.
 */
bool accel_helper_dma_fits(struct device *dev, struct sg_table *table)
{
	struct scatterlist *entry;
	unsigned int i;

	for_each_sgtable_dma_sg(table, entry, i)
		if (sg_dma_address(entry) + sg_dma_len(entry) - 1 > dma_get_mask(dev))
			return false;
	return true;
}

/*
 * Coherent memory, filled with zeros. Charged to the memory cgroup of the caller,
 * who gets an error if that has no room, but is not killed.
 */
void *accel_helper_dma_alloc(struct device *dev, size_t size, dma_addr_t *address)
{
	return dma_alloc_attrs(dev, size, address,
			       GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
			       DMA_ATTR_NO_WARN);
}

/*
 * Whether coherent memory of a device consists of pages that can be mapped for
 * others: it is not if it is memory of the device's own, or not encrypted while
 * what processes have is.
 */
bool accel_helper_dma_is_shareable(struct device *dev)
{
#ifdef CONFIG_DMA_DECLARE_COHERENT
	if (dev->dma_mem)
		return false;
#endif
	return dma_can_mmap(dev) && !cc_platform_has(CC_ATTR_MEM_ENCRYPT);
}

/* Returns NULL if the memory of the device cannot be shared on its bus. */
struct p2pdma_provider *accel_helper_p2pdma_provider(struct pci_dev *pdev, int bar)
{
	if (!IS_ENABLED(CONFIG_PCI_P2PDMA) || pcim_p2pdma_init(pdev))
		return NULL;
	return pcim_p2pdma_provider(pdev, bar);
}

/* Returns -EOPNOTSUPP if a device cannot reach the memory. */
int accel_helper_p2pdma_check(struct p2pdma_provider *provider, struct device *dev)
{
	if (pci_p2pdma_distance(to_pci_dev(provider->owner), dev, false) < 0)
		return -EOPNOTSUPP;
	return 0;
}

struct sg_table *accel_helper_dma_buf_phys_to_sgt(struct dma_buf_attachment *attach,
						  struct p2pdma_provider *provider, u64 phys,
						  size_t size, enum dma_data_direction direction)
{
	struct phys_vec range = { .paddr = phys, .len = size };

	return dma_buf_phys_vec_to_sgt(attach, provider, &range, 1, size, direction);
}

void accel_helper_dma_buf_free_sgt(struct dma_buf_attachment *attach, struct sg_table *table,
				   enum dma_data_direction direction)
{
	dma_buf_free_sgt(attach, table, direction);
}

void accel_helper_dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *table,
					   enum dma_data_direction direction)
{
	dma_sync_sgtable_for_cpu(dev, table, direction);
}

void accel_helper_dma_sync_sgtable_for_device(struct device *dev, struct sg_table *table,
					      enum dma_data_direction direction)
{
	dma_sync_sgtable_for_device(dev, table, direction);
}
