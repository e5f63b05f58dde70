/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_HELPERS_H
#define _ACCEL_HELPERS_H

#include <linux/mm_types.h>
#include <linux/types.h>

/* For functions that Rust calls as they are. */
#include <linux/anon_inodes.h>
#include <linux/devcoredump.h>
#include <linux/sync_file.h>
#include <linux/vmalloc.h>

struct device;
struct dma_buf;
struct dma_fence;
struct dma_resv;
struct mmu_interval_notifier;
struct module;
struct scatterlist;
struct vm_fault;

void accel_helper_vma_set_registers(struct vm_area_struct *vma);
void accel_helper_vma_set_memory(struct vm_area_struct *vma);
bool accel_helper_is_huge_fault(const struct vm_fault *vmf, unsigned int order);
vm_fault_t accel_helper_insert_pages(struct vm_fault *vmf, unsigned int order, unsigned long pfn,
				     unsigned long before, unsigned long after, bool is_ram,
				     bool is_io);
void accel_helper_vma_set_io_memory(struct vm_area_struct *vma);
void accel_helper_vma_set_coherent_memory(struct vm_area_struct *vma, struct device *dev);
int accel_helper_combine_writes(u64 start, u64 size);
void accel_helper_end_combined_writes(u64 start, u64 size);
int accel_helper_combine_writes_while_bound(struct device *dev, u64 start, u64 size);
void *accel_helper_ioremap_wc(u64 phys, size_t size);
void *accel_helper_phys_to_virt(u64 phys);
struct page *accel_helper_pfn_to_page(unsigned long pfn);
void accel_helper_put_page(struct page *page);
void accel_helper_mmu_interval_set_seq(struct mmu_interval_notifier *notifier,
				       unsigned long number);
bool accel_helper_mmu_interval_check_retry(struct mmu_interval_notifier *notifier,
					   unsigned long number);
void accel_helper_get_dma_buf(struct dma_buf *dmabuf);
bool accel_helper_release_fault_lock(struct vm_fault *vmf);
unsigned long accel_helper_totalram_pages(void);
int accel_helper_fatal_signal_pending(void);
struct page *accel_helper_alloc_zeroed_pages(unsigned int order);
unsigned long accel_helper_page_to_pfn(const struct page *page);
void accel_helper_sg_set_page(struct scatterlist *entry, struct page *page, unsigned int len,
			      unsigned int offset);
struct page *accel_helper_sg_page(struct scatterlist *entry);
void *accel_helper_vmap(struct page **pages, unsigned int count);
void accel_helper_dma_fence_get(struct dma_fence *fence);
void accel_helper_dma_fence_put(struct dma_fence *fence);
int accel_helper_dma_fence_peek_status(struct dma_fence *fence);
struct dma_fence *accel_helper_dma_fence_merge(struct dma_fence **fences, size_t count);
struct file *accel_helper_sync_file_create(struct dma_fence *fence);
bool accel_helper_dma_resv_trylock(struct dma_resv *resv);
void accel_helper_module_get(void);
void accel_helper_module_put(void);
struct module *accel_helper_get_driver_module(struct device *dev);
bool accel_helper_within_module(unsigned long address, const struct module *module);
int accel_helper_get_user_u32(u32 *value, const void __user *from);
int accel_helper_copy_struct_from_user(void *to, size_t size, const void __user *from,
				       size_t user_size);
int accel_helper_copy_from_user_nofault(void *to, const void __user *from, size_t size);
int accel_helper_dev_to_node(struct device *dev);
void accel_helper_get_process_comm(char *comm);
int accel_helper_security_locked_down(void);

#endif /* _ACCEL_HELPERS_H */
