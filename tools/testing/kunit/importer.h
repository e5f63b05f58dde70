/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_KUNIT_IMPORTER_H
#define _ACCEL_KUNIT_IMPORTER_H

#include <linux/types.h>

struct dma_buf;

struct dma_buf *accel_test_dma_buf_take(int fd);
void accel_test_dma_buf_put(struct dma_buf *dmabuf);
int accel_test_dma_buf_use(struct dma_buf *dmabuf, size_t size);

#endif /* _ACCEL_KUNIT_IMPORTER_H */
