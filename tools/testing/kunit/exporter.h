/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_KUNIT_EXPORTER_H
#define _ACCEL_KUNIT_EXPORTER_H

#include <linux/types.h>

struct dma_buf;

struct dma_buf *accel_test_exporter_new(size_t size, int flags);
int accel_test_exporter_fd(struct dma_buf *dmabuf);
void accel_test_exporter_withdraw(struct dma_buf *dmabuf);
int accel_test_exporter_mapped(struct dma_buf *dmabuf);
void accel_test_exporter_stall(struct dma_buf *dmabuf, bool stalls);
bool accel_test_exporter_stalled(struct dma_buf *dmabuf);

#endif /* _ACCEL_KUNIT_EXPORTER_H */
