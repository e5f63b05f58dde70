/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_HELPERS_H
#define _ACCEL_HELPERS_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct page;
struct scatterlist;
struct sg_table;
struct srcu_ctr;
struct srcu_struct;
struct vm_area_struct;

int accel_helper_init_srcu_struct_fast(struct srcu_struct *ssp);
struct srcu_ctr __percpu *accel_helper_srcu_read_lock_fast(struct srcu_struct *ssp);
void accel_helper_srcu_read_unlock_fast(struct srcu_struct *ssp,
					struct srcu_ctr __percpu *scp);
void accel_helper_vma_set_pfnmap(struct vm_area_struct *vma);
void accel_helper_vma_set_memory(struct vm_area_struct *vma);
unsigned long accel_helper_totalram_pages(void);
int accel_helper_fatal_signal_pending(void);
struct page *accel_helper_alloc_zeroed_pages(unsigned int order);
unsigned long accel_helper_page_to_pfn(const struct page *page);
void accel_helper_sg_set_page(struct scatterlist *entry, struct page *page, unsigned int len);
void accel_helper_dma_sync_sgtable_for_cpu(struct device *dev, struct sg_table *table,
					   enum dma_data_direction direction);
void accel_helper_dma_sync_sgtable_for_device(struct device *dev, struct sg_table *table,
					      enum dma_data_direction direction);
void *accel_helper_vmap(struct page **pages, unsigned int count);
int accel_helper_get_user_u32(u32 *value, const void __user *from);
int accel_helper_copy_struct_from_user(void *to, size_t size, const void __user *from,
				       size_t user_size);
int accel_helper_copy_from_user_nofault(void *to, const void __user *from, size_t size);
int accel_helper_dev_to_node(struct device *dev);
void accel_helper_get_process_comm(char *comm);
int accel_helper_security_locked_down(void);

#endif /* _ACCEL_HELPERS_H */
