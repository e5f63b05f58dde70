// SPDX-License-Identifier: GPL-2.0
/*
 * Static inline functions of the kernel that Rust cannot call otherwise.
 *
 * Each has the name and the contract of the function that it wraps, unless it
 * says otherwise.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-fence-unwrap.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-resv.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/scatterlist.h>
#include <linux/sched/signal.h>
#include <linux/security.h>
#include <linux/string.h>
#include <linux/sync_file.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "helpers.h"

int accel_helper_get_user_u32(u32 *value, const void __user *from)
{
	return get_user(*value, (const u32 __user *)from);
}

int accel_helper_copy_struct_from_user(void *to, size_t size, const void __user *from,
				       size_t user_size)
{
	return copy_struct_from_user(to, size, from, user_size);
}

/*
 * As copy_from_user_nofault(), but inline, not for NMIs, and as safe against
 * speculation as copy_from_user().
 */
int accel_helper_copy_from_user_nofault(void *to, const void __user *from, size_t size)
{
	unsigned long left;

	if (can_do_masked_user_access()) {
		from = mask_user_address(from);
	} else {
		if (!access_ok(from, size))
			return -EFAULT;
		barrier_nospec();
	}
	pagefault_disable();
	left = __copy_from_user_inatomic(to, from, size);
	pagefault_enable();
	return left ? -EFAULT : 0;
}

/* For registers of a device, which are mapped by the numbers of their pages. */
void accel_helper_vma_set_registers(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_decrypted(pgprot_noncached(vma->vm_page_prot));
}

/* For memory that is mapped by the numbers of its pages. */
void accel_helper_vma_set_memory(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
}

/* For memory of a device, which is mapped by the numbers of its pages. */
void accel_helper_vma_set_io_memory(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = pgprot_decrypted(pgprot_writecombine(vma->vm_page_prot));
}

/* How many pages a fault brings at most of memory that is not the system's. */
#define PAGES_AROUND 16

/* Whether an area has all of the large page that a fault of this order would bring. */
bool accel_helper_is_huge_fault(const struct vm_fault *vmf, unsigned int order)
{
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	unsigned long start = vmf->address & PMD_MASK;

	return order == PMD_ORDER && start >= vmf->vma->vm_start &&
	       start + PMD_SIZE <= vmf->vma->vm_end;
#else
	return false;
#endif
}

/* To be called for what accel_helper_is_huge_fault() says is one. */
static vm_fault_t insert_huge_page(struct vm_fault *vmf, unsigned long pfn, unsigned long before,
				   unsigned long after)
{
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	unsigned long skipped = (vmf->address & ~PMD_MASK) >> PAGE_SHIFT;
	unsigned long left = (PMD_SIZE >> PAGE_SHIFT) - 1 - skipped;
	pmd_t pmd = pmdp_get_lockless(vmf->pmd);

	/* A table of small pages is there by now, as of memory that has moved since. */
	if (!pmd_none(pmd) && !pmd_leaf(pmd))
		return VM_FAULT_FALLBACK;
	if (skipped <= before && left <= after &&
	    IS_ALIGNED(pfn - skipped, PMD_SIZE >> PAGE_SHIFT))
		return vmf_insert_pfn_pmd(vmf, pfn - skipped, vmf->flags & FAULT_FLAG_WRITE);
#endif
	return VM_FAULT_FALLBACK;
}

/* Pages of the system's memory, from the next one to be mapped on. */
struct ram {
	struct mm_struct *mm;
	unsigned long pfn;
	pgprot_t prot;
};

static int insert_ram(pte_t *pte, unsigned long address, void *data)
{
	struct ram *ram = data;

	if (pte_none(ptep_get(pte)))
		set_pte_at(ram->mm, address, pte, pte_mkspecial(pfn_pte(ram->pfn, ram->prot)));
	ram->pfn++;
	return 0;
}

/*
 * Brings the page of a fault, number @pfn of physical memory, and others that
 * are around it both there and in the area: there are @before and @after of them.
 * For a fault of a large page, @order is not zero, and it is brought as a whole or
 * not at all: VM_FAULT_FALLBACK. @is_ram: it is the system's memory, cached as
 * always; @is_io: it is memory of a device in an area that is for the system's.
 */
vm_fault_t accel_helper_insert_pages(struct vm_fault *vmf, unsigned int order, unsigned long pfn,
				     unsigned long before, unsigned long after, bool is_ram,
				     bool is_io)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long size = is_ram ? PMD_SIZE : PAGES_AROUND * PAGE_SIZE;
	unsigned long address = vmf->address;
	unsigned long start = max(vma->vm_start, ALIGN_DOWN(address, size));
	unsigned long last = min(vma->vm_end - 1, ALIGN_DOWN(address, size) + size - 1);
	pgprot_t prot = vma->vm_page_prot;
	vm_fault_t ret;

	/* What is inserted as a large page has the protection of the area. */
	if (order)
		return is_io ? VM_FAULT_FALLBACK : insert_huge_page(vmf, pfn, before, after);
	/* Somebody else has brought it. */
	if (pmd_leaf(pmdp_get_lockless(vmf->pmd)))
		return VM_FAULT_NOPAGE;
	if (is_io)
		prot = pgprot_decrypted(pgprot_writecombine(prot));
	/* This makes the table that all of the pages are in. */
	ret = vmf_insert_pfn_prot(vma, address, pfn, prot);
	if (ret != VM_FAULT_NOPAGE)
		return ret;

	before = min(before, (address - start) >> PAGE_SHIFT);
	after = min(after, (last - address) >> PAGE_SHIFT);
	address -= before << PAGE_SHIFT;
	pfn -= before;
	if (is_ram) {
		struct ram ram = { .mm = vma->vm_mm, .pfn = pfn, .prot = prot };

		apply_to_page_range(vma->vm_mm, address, (before + 1 + after) << PAGE_SHIFT,
				    insert_ram, &ram);
		return ret;
	}
	/* x86 knows of each page how it is to be mapped. */
	for (unsigned long i = 0; i <= before + after; i++)
		if (vmf_insert_pfn_prot(vma, address + (i << PAGE_SHIFT), pfn + i, prot) != ret)
			break;
	return ret;
}

/* For what accel_helper_dma_alloc() returns, if it can be shared. */
void accel_helper_vma_set_coherent_memory(struct vm_area_struct *vma, struct device *dev)
{
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	if (!dev_is_dma_coherent(dev)) {
		vm_flags_set(vma, VM_IO);
		vma->vm_page_prot = pgprot_dmacoherent(vma->vm_page_prot);
	}
}

/* arch_io_reserve_memtype_wc(), arch_io_free_memtype_wc(). */
int accel_helper_combine_writes(u64 start, u64 size)
{
	return arch_io_reserve_memtype_wc(start, size);
}

void accel_helper_end_combined_writes(u64 start, u64 size)
{
	arch_io_free_memtype_wc(start, size);
}

/* devm_arch_io_reserve_memtype_wc() */
int accel_helper_combine_writes_while_bound(struct device *dev, u64 start, u64 size)
{
	return devm_arch_io_reserve_memtype_wc(dev, start, size);
}

void *accel_helper_ioremap_wc(u64 phys, size_t size)
{
	return (__force void *)ioremap_wc(phys, size);
}

/* Of memory that the kernel always has mapped. */
void *accel_helper_phys_to_virt(u64 phys)
{
	return phys_to_virt(phys);
}

struct page *accel_helper_pfn_to_page(unsigned long pfn)
{
	return pfn_to_page(pfn);
}

void accel_helper_put_page(struct page *page)
{
	put_page(page);
}

#ifdef CONFIG_MMU_NOTIFIER
void accel_helper_mmu_interval_set_seq(struct mmu_interval_notifier *notifier,
				       unsigned long number)
{
	mmu_interval_set_seq(notifier, number);
}

bool accel_helper_mmu_interval_check_retry(struct mmu_interval_notifier *notifier,
					   unsigned long number)
{
	return mmu_interval_check_retry(notifier, number);
}
#endif

void accel_helper_get_dma_buf(struct dma_buf *dmabuf)
{
	get_dma_buf(dmabuf);
}

/*
 * Gives up the locks that a page fault is handled with, if it is one that may be
 * tried again; the handler must return VM_FAULT_RETRY then.
 */
bool accel_helper_release_fault_lock(struct vm_fault *vmf)
{
	if (!fault_flag_allow_retry_first(vmf->flags) || vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return false;
	release_fault_lock(vmf);
	return true;
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

void accel_helper_sg_set_page(struct scatterlist *entry, struct page *page, unsigned int len,
			      unsigned int offset)
{
	sg_set_page(entry, page, len, offset);
}

struct page *accel_helper_sg_page(struct scatterlist *entry)
{
	return sg_page(entry);
}

void *accel_helper_vmap(struct page **pages, unsigned int count)
{
	return vmap(pages, count, VM_MAP, PAGE_KERNEL);
}

void accel_helper_dma_fence_get(struct dma_fence *fence)
{
	dma_fence_get(fence);
}

void accel_helper_dma_fence_put(struct dma_fence *fence)
{
	dma_fence_put(fence);
}

/* dma_fence_get_status(), of what is known without locking or asking anybody. */
int accel_helper_dma_fence_peek_status(struct dma_fence *fence)
{
	if (!dma_fence_test_signaled_flag(fence))
		return 0;
	/* The error is there before the flag. */
	smp_rmb();
	return READ_ONCE(fence->error) ?: 1;
}

/*
 * As dma_fence_unwrap_merge(), of any number of fences. Returns one that is
 * signalled when all of them are, with a reference; or NULL.
 */
struct dma_fence *accel_helper_dma_fence_merge(struct dma_fence **fences, size_t count)
{
	struct dma_fence_unwrap *cursors;
	struct dma_fence *merged;

	cursors = kvmalloc_objs(*cursors, count);
	if (!cursors)
		return NULL;
	merged = __dma_fence_unwrap_merge(count, fences, cursors);
	kvfree(cursors);
	return merged;
}

/* Returns the file, which is all that matters here, or NULL. */
struct file *accel_helper_sync_file_create(struct dma_fence *fence)
{
	struct sync_file *sync_file = sync_file_create(fence);

	return sync_file ? sync_file->file : NULL;
}

/* For reservations. */
bool accel_helper_dma_resv_trylock(struct dma_resv *resv)
{
	return dma_resv_trylock(resv);
}

/* To be called by this module, or by one that uses it. */
void accel_helper_module_get(void)
{
	__module_get(THIS_MODULE);
}

void accel_helper_module_put(void)
{
	module_put(THIS_MODULE);
}

/* The module of the driver of a bound device, with a reference; or NULL. */
struct module *accel_helper_get_driver_module(struct device *dev)
{
	struct module *module = dev->driver ? dev->driver->owner : NULL;

	/* This is true for what is not a module. */
	return module && try_module_get(module) ? module : NULL;
}

bool accel_helper_within_module(unsigned long address, const struct module *module)
{
	return within_module(address, module);
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
