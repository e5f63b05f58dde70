/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_KUNIT_IMPORTER_H
#define _ACCEL_KUNIT_IMPORTER_H

#include <linux/types.h>

struct accel_test_holder;
struct dma_buf;
struct dma_fence;

struct dma_buf *accel_test_dma_buf_take(int fd);
void accel_test_dma_buf_put(struct dma_buf *dmabuf);
int accel_test_dma_buf_use(struct dma_buf *dmabuf, size_t size);
struct accel_test_holder *accel_test_dma_buf_hold(struct dma_buf *dmabuf);
bool accel_test_holder_has_it(struct accel_test_holder *holder);
int accel_test_holder_map(struct accel_test_holder *holder);
void accel_test_holder_end(struct accel_test_holder *holder);

void accel_test_holder_settle(struct accel_test_holder *holder);
int accel_test_holder_pin(struct accel_test_holder *holder);
void accel_test_holder_unpin(struct accel_test_holder *holder);
struct dma_fence *accel_test_dma_buf_work(struct dma_buf *dmabuf);
void accel_test_work_ends(struct dma_fence *fence);
bool accel_test_work_has_ended(struct dma_fence *fence);
void accel_test_work_put(struct dma_fence *fence);
bool accel_test_dma_buf_lock_until(struct dma_buf *dmabuf, struct dma_fence *fence,
				   unsigned int ms);
bool accel_test_dma_buf_is_locked(struct dma_buf *dmabuf);

#endif /* _ACCEL_KUNIT_IMPORTER_H */
