// SPDX-License-Identifier: GPL-2.0
/*
 * What a process has mapped, as a debugger of that process reads and writes it.
 */
#include <linux/highmem.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "access.h"

#ifdef CONFIG_HAVE_IOREMAP_PROT

/* Brings the page if it is not there: a fault does not wait for this caller. */
static int find_page(struct follow_pfnmap_args *args, bool write)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0);
	int ret;

	if (!follow_pfnmap_start(args))
		return 0;
	ret = fixup_user_fault(args->vma->vm_mm, args->address, flags, NULL);
	return ret ? ret : follow_pfnmap_start(args);
}

/*
 * Memory of the system, which generic_access_phys() refuses. The lock of the
 * page table, which the caller holds, keeps the page where it is.
 */
static void copy_within(struct page *page, unsigned int offset, void *buf, int len, bool write)
{
	void *memory = kmap_local_page(page);

	if (write)
		memcpy(memory + offset, buf, len);
	else
		memcpy(buf, memory + offset, len);
	kunmap_local(memory);
}

/*
 * Operation access of an area that consists of numbers of pages. It handles at
 * most the rest of a page; the caller comes back for more.
 */
int accel_vma_access(struct vm_area_struct *vma, unsigned long address, void *buf, int len,
		     int write)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = address };
	unsigned int offset = offset_in_page(address);
	struct page *page;
	int ret;

	ret = find_page(&args, write);
	if (ret)
		return ret;
	page = pfn_to_online_page(args.pfn);
	if (!page || PageReserved(page)) {
		follow_pfnmap_end(&args);
		return generic_access_phys(vma, address, buf, len, write);
	}

	len = min_t(int, len, PAGE_SIZE - offset);
	/* Not through the caches, as the kernel has it mapped. */
	if (vma->vm_flags & VM_IO)
		len = -EOPNOTSUPP;
	else if (write && !args.writable)
		len = -EACCES;
	else
		copy_within(page, offset, buf, len, write);
	follow_pfnmap_end(&args);
	return len;
}

#else

int accel_vma_access(struct vm_area_struct *vma, unsigned long address, void *buf, int len,
		     int write)
{
	return -EOPNOTSUPP;
}

#endif
