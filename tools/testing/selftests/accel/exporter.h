/* SPDX-License-Identifier: GPL-2.0 */
/*
 * dma-bufs of other drivers. Functions return a descriptor, or a negative error
 * number: -ENOENT if there is no such driver.
 */
#ifndef _ACCEL_SELFTEST_EXPORTER_H
#define _ACCEL_SELFTEST_EXPORTER_H

#include <stddef.h>

#include <linux/types.h>

/* Memory of a memfd. */
int udmabuf_export(size_t size);
/* Memory of the system's heap. */
int heap_export(size_t size);
/* A buffer of DRM's device without hardware. */
int vgem_export(size_t size);

/*
 * Begins or ends what the process does with a mapping of a dma-buf, @flags are
 * DMA_BUF_SYNC_*: what devices and it have written is seen by both only so.
 */
int dmabuf_sync(int dmabuf, __u64 flags);
/* Says that somebody works on the memory until the fence of a sync_file is signalled. */
int dmabuf_add_fence(int dmabuf, int sync_file);

#endif /* _ACCEL_SELFTEST_EXPORTER_H */
