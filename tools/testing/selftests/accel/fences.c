// SPDX-License-Identifier: GPL-2.0
/*
 * Fences as file descriptors, and those of somebody else: DRM's virtual GEM.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* The kernel's headers, without libdrm. */
#include <drm/drm.h>
#include <drm/vgem_drm.h>

#include "fences.h"
#include "node.h"

#define CARD "/dev/dri/card0"

/* Makes a sync_file of what has to be waited for before a buffer is written to. */
static int export(struct foreign *fence, __u32 handle)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	struct dma_buf_export_sync_file sync = { .flags = DMA_BUF_SYNC_RW };
	int ret;

	ret = sys_ioctl(fence->card, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	if (ret)
		return ret;
	ret = sys_ioctl(prime.fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &sync);
	fence->fd = sync.fd;
	close(prime.fd);
	return ret;
}

int foreign_make(struct foreign *fence)
{
	struct drm_mode_create_dumb buffer = { .width = 64, .height = 64, .bpp = 8 };
	struct drm_vgem_fence_attach attach = { .flags = VGEM_FENCE_WRITE };
	int ret;

	*fence = (struct foreign) { .fd = -1 };
	fence->card = open(CARD, O_RDWR | O_CLOEXEC);
	if (fence->card < 0)
		return -errno;
	ret = sys_ioctl(fence->card, DRM_IOCTL_MODE_CREATE_DUMB, &buffer);
	attach.handle = buffer.handle;
	if (!ret)
		ret = sys_ioctl(fence->card, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach);
	fence->number = attach.out_fence;
	return ret ? ret : export(fence, buffer.handle);
}

int foreign_signal(struct foreign *fence)
{
	struct drm_vgem_fence_signal arg = { .fence = fence->number };

	return sys_ioctl(fence->card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &arg);
}

void foreign_close(struct foreign *fence)
{
	close(fence->fd);
	close(fence->card);
}

int fence_status(int fd)
{
	struct sync_file_info info = {};
	int ret = sys_ioctl(fd, SYNC_IOC_FILE_INFO, &info);

	return ret ? ret : info.status;
}

int fence_wait(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (poll(&pollfd, 1, TIMEOUT_MS) < 0)
		return -errno;
	return fence_status(fd);
}

int fence_driver(int fd, char *name)
{
	struct sync_fence_info fence = {};
	struct sync_file_info info = {
		.num_fences = 1,
		.sync_fence_info = (uintptr_t)&fence,
	};
	int ret = sys_ioctl(fd, SYNC_IOC_FILE_INFO, &info);

	memcpy(name, fence.driver_name, sizeof(fence.driver_name));
	return ret;
}
