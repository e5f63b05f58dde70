// SPDX-License-Identifier: GPL-2.0
/*
 * Static inline functions of the kernel that Rust cannot call otherwise.
 *
 * Each has the name and the contract of the function that it wraps, unless it
 * says otherwise.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/srcu.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "helpers.h"

int accel_helper_init_srcu_struct_fast(struct srcu_struct *ssp)
{
	return init_srcu_struct_fast(ssp);
}

struct srcu_ctr __percpu *accel_helper_srcu_read_lock_fast(struct srcu_struct *ssp)
	__acquires_shared(ssp)
{
	return srcu_read_lock_fast(ssp);
}
EXPORT_SYMBOL_GPL(accel_helper_srcu_read_lock_fast);

void accel_helper_srcu_read_unlock_fast(struct srcu_struct *ssp,
					struct srcu_ctr __percpu *scp)
	__releases_shared(ssp)
{
	srcu_read_unlock_fast(ssp, scp);
}
EXPORT_SYMBOL_GPL(accel_helper_srcu_read_unlock_fast);

int accel_helper_get_user_u32(u32 *value, const void __user *from)
{
	return get_user(*value, (const u32 __user *)from);
}

int accel_helper_copy_struct_from_user(void *to, size_t size, const void __user *from,
				       size_t user_size)
{
	return copy_struct_from_user(to, size, from, user_size);
}

/* As copy_from_user_nofault(), but inline, and not for NMIs. */
int accel_helper_copy_from_user_nofault(void *to, const void __user *from, size_t size)
{
	unsigned long left;

	if (!access_ok(from, size))
		return -EFAULT;
	pagefault_disable();
	left = __copy_from_user_inatomic(to, from, size);
	pagefault_enable();
	return left ? -EFAULT : 0;
}

/* For pages that have no struct page: registers and memory of a device. */
void accel_helper_vma_set_pfnmap(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
}

/* For memory that is mapped by the numbers of its pages. */
void accel_helper_vma_set_memory(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
}

unsigned long accel_helper_totalram_pages(void)
{
	return totalram_pages();
}

/* Of the current task. */
int accel_helper_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

/*
 * Charged to the memory cgroup of the caller, who gets an error if that has no
 * room, but is not killed. For large pieces it does not try hard: smaller ones
 * will do.
 */
struct page *accel_helper_alloc_zeroed_pages(unsigned int order)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;

	return alloc_pages(gfp | (order ? __GFP_NORETRY : __GFP_RETRY_MAYFAIL), order);
}

unsigned long accel_helper_page_to_pfn(const struct page *page)
{
	return page_to_pfn(page);
}

void accel_helper_sg_set_page(struct scatterlist *entry, struct page *page, unsigned int len)
{
	sg_set_page(entry, page, len, 0);
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

void *accel_helper_vmap(struct page **pages, unsigned int count)
{
	return vmap(pages, count, VM_MAP, PAGE_KERNEL);
}

int accel_helper_dev_to_node(struct device *dev)
{
	return dev_to_node(dev);
}

/* The name of the process, which is that of its first thread. */
void accel_helper_get_process_comm(char *comm)
{
	strscpy_pad(comm, current->group_leader->comm, TASK_COMM_LEN);
}

/* For what goes past the kernel to a device, as access to its registers does. */
int accel_helper_security_locked_down(void)
{
	return security_locked_down(LOCKDOWN_PCI_ACCESS);
}
