// SPDX-License-Identifier: GPL-2.0
/*
 * Contexts of the device of tools/npu of which the process has the rings.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "npu.h"
#include "test_node.h"

#define ORDER 5
#define ENTRIES 32
/* Where the records are, and the size of the rings. */
#define RECORDS 4096
#define SIZE 8192
#define DOORBELL 4096
/* The handle of the first buffer of a file. */
#define RINGS 1

int npu_ring_restart(struct npu_ring *ring, __u32 coalesce)
{
	struct accel_npu_open open = {
		.size = sizeof(open),
		.flags = ACCEL_NPU_USER_RING,
		.ring = RINGS,
		.order = ORDER,
		.coalesce = coalesce,
	};
	void *memory;
	int ret;

	memset(ring->rings, 0, SIZE);
	ret = sys_ioctl(ring->user.fd, ACCEL_NPU_IOC_OPEN, &open);
	if (ret)
		return ret;
	ring->user.context = open.context;
	ring->tail = 0;
	ring->record = 0;
	ring->phase = 1;
	/* That of before is gone. */
	if (ring->doorbell)
		munmap((void *)ring->doorbell, DOORBELL);
	ring->doorbell = NULL;
	memory = mmap(NULL, DOORBELL, PROT_READ | PROT_WRITE, MAP_SHARED, ring->user.fd,
		      (off_t)DOORBELL * open.context);
	if (memory == MAP_FAILED)
		return -errno;
	ring->doorbell = memory;
	return 0;
}

int npu_ring_open(struct npu_ring *ring, const struct node *node)
{
	struct npu_user *user = &ring->user;
	void *memory;
	__u32 handle;
	int ret;

	*ring = (struct npu_ring) { .entries = ENTRIES };
	user->memory = MAP_FAILED;
	user->fd = test_open(node, O_RDWR);
	if (user->fd < 0)
		return user->fd;
	ret = buffer_create_in(user->fd, NPU_COHERENT, SIZE, &handle);
	if (!ret && handle != RINGS)
		ret = -EINVAL;
	if (!ret)
		ret = buffer_map(user->fd, handle, SIZE, (void **)&ring->rings);
	if (ret) {
		close(user->fd);
		return ret;
	}
	ring->records = (atomic_ullong *)((char *)ring->rings + RECORDS);
	ret = npu_ring_restart(ring, 0);
	if (!ret)
		ret = buffer_create(user->fd, NPU_SIZE, &user->handle, NULL);
	if (!ret)
		ret = buffer_map(user->fd, user->handle, NPU_SIZE, &memory);
	if (!ret) {
		user->memory = memory;
		ret = npu_map(user, user->handle, NPU_AT, NPU_SIZE);
	}
	if (ret)
		npu_ring_close(ring);
	return ret;
}

void npu_ring_close(struct npu_ring *ring)
{
	if (ring->doorbell)
		munmap((void *)ring->doorbell, DOORBELL);
	if (ring->rings)
		munmap(ring->rings, SIZE);
	ring->doorbell = NULL;
	ring->rings = NULL;
	npu_close(&ring->user);
}

void npu_ring_push(struct npu_ring *ring, const struct accel_npu_command *command)
{
	ring->rings[ring->tail] = *command;
	ring->tail = (ring->tail + 1) % ring->entries;
}

void npu_ring_bell(struct npu_ring *ring)
{
	/* The commands come before. */
	atomic_store(ring->doorbell, ring->tail);
}

int npu_ring_next(struct npu_ring *ring)
{
	__u64 last;

	do {
		last = atomic_load_explicit(&ring->records[2 * ring->record + 1],
					    memory_order_acquire);
	} while ((last >> 48 & 1) != ring->phase);
	ring->record = (ring->record + 1) % ring->entries;
	if (!ring->record)
		ring->phase = !ring->phase;
	return last >> 32 & 0xffff;
}
