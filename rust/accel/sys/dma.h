/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_DMA_H
#define _ACCEL_DMA_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct dma_buf_attachment;
struct p2pdma_provider;
struct pci_dev;
struct sg_table;

bool accel_helper_can_dma(struct device *dev);
bool accel_helper_is_translated(struct device *dev);
void accel_helper_dma_set_max_segment(struct device *dev, unsigned int bytes);
size_t accel_helper_dma_max_segment(struct device *dev);
unsigned long accel_helper_dma_boundary(struct device *dev);
bool accel_helper_dma_may_bounce(struct device *dev);
bool accel_helper_dma_fits(struct device *dev, struct sg_table *table);
void *accel_helper_dma_alloc(struct device *dev, size_t size, dma_addr_t *address);
bool accel_helper_dma_is_shareable(struct device *dev);
struct p2pdma_provider *accel_helper_p2pdma_provider(struct pci_dev *pdev, int bar);
int accel_helper_p2pdma_check(struct p2pdma_provider *provider, struct device *dev);
struct sg_table *accel_helper_dma_buf_phys_to_sgt(struct dma_buf_attachment *attach,
						  struct p2pdma_provider *provider, u64 phys,
						  size_t size, enum dma_data_direction direction);
void accel_helper_dma_buf_free_sgt(struct dma_buf_attachment *attach, struct sg_table *table,
				   enum dma_data_direction direction);
void accel_helper_dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *table,
					   enum dma_data_direction direction);
void accel_helper_dma_sync_sgtable_for_device(struct device *dev, struct sg_table *table,
					      enum dma_data_direction direction);

#endif /* _ACCEL_DMA_H */
