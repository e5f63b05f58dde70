// SPDX-License-Identifier: GPL-2.0
/*
 * dma-bufs of other drivers.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

/* The kernel's headers, without libdrm. */
#include <drm/drm.h>

#include "exporter.h"
#include "node.h"

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * Gives a file its pages, each with another one behind it. Where DMA is bounced,
 * udmabuf fails to begin access by the processor, with EIO, if what is next to
 * each other in memory is more than can be bounced at once.
 */
static int scatter(int file, size_t size)
{
	long page = sysconf(_SC_PAGESIZE);
	int ret, other;
	size_t i;

	other = memfd_create("accel_between", MFD_CLOEXEC);
	ret = ftruncate(other, size);
	for (i = 0; !ret && i < size; i += page)
		ret = fallocate(file, 0, i, page) || fallocate(other, 0, i, page);
	close(other);
	return ret;
}

int udmabuf_export(size_t size)
{
	struct udmabuf_create arg = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int dmabuf, device;

	device = open_device("/dev/udmabuf");
	if (device < 0)
		return device;
	arg.memfd = memfd_create("accel_udmabuf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	dmabuf = -1;
	if (!ftruncate(arg.memfd, size) && !scatter(arg.memfd, size) &&
	    !fcntl(arg.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		dmabuf = ioctl(device, UDMABUF_CREATE, &arg);
	if (dmabuf == -1)
		dmabuf = -errno;
	close(arg.memfd);
	close(device);
	return dmabuf;
}

int heap_export(size_t size)
{
	struct dma_heap_allocation_data arg = { .len = size, .fd_flags = O_RDWR | O_CLOEXEC };
	int ret, heap;

	heap = open_device("/dev/dma_heap/system");
	if (heap < 0)
		return heap;
	ret = sys_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &arg);
	close(heap);
	return ret ? ret : (int)arg.fd;
}

int vgem_export(size_t size)
{
	struct drm_mode_create_dumb create = { .width = size, .height = 1, .bpp = 8 };
	struct drm_prime_handle export = { .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret, card;

	card = open_device("/dev/dri/card0");
	if (card < 0)
		return card;
	ret = sys_ioctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	export.handle = create.handle;
	if (!ret)
		ret = sys_ioctl(card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &export);
	close(card);
	return ret ? ret : export.fd;
}

int dmabuf_sync(int dmabuf, __u64 flags)
{
	struct dma_buf_sync arg = { .flags = flags };

	return sys_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &arg);
}

int dmabuf_add_fence(int dmabuf, int sync_file)
{
	struct dma_buf_import_sync_file arg = { .flags = DMA_BUF_SYNC_RW, .fd = sync_file };

	return sys_ioctl(dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &arg);
}
