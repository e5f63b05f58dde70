// SPDX-License-Identifier: GPL-2.0
/*
 * What buffers take, ours and those of DRM.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* The kernel's headers, without libdrm. */
#include <drm/drm.h>
#include <drm/drm_mode.h>

#include <accel/accel.h>
#include "bench.h"

#define CARD "/dev/dri/card0"
#define PAGE 4096
#define SIZE (4 * PAGE)
/* What large pieces of memory consist of. */
#define PIECE (2UL << 20)
#define LARGE (1024UL * 1024 * 1024)
#define FEW 16
#define MANY 100000

static __u32 accel_create(int fd, __u64 bytes)
{
	struct accel_bo_create create = { .size = sizeof(create), .bytes = bytes };

	if (ioctl(fd, ACCEL_IOC_BO_CREATE, &create))
		err(1, "ACCEL_IOC_BO_CREATE");
	return create.handle;
}

static void accel_close(int fd, __u32 handle)
{
	struct accel_bo_close close = { .size = sizeof(close), .handle = handle };

	if (ioctl(fd, ACCEL_IOC_BO_CLOSE, &close))
		err(1, "ACCEL_IOC_BO_CLOSE");
}

/* A picture of one line, of a byte each. */
static __u32 drm_create(int fd, __u32 bytes)
{
	struct drm_mode_create_dumb create = { .width = bytes, .height = 1, .bpp = 8 };

	if (ioctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &create))
		err(1, "DRM_IOCTL_MODE_CREATE_DUMB");
	return create.handle;
}

static void drm_close(int fd, __u32 handle)
{
	struct drm_gem_close close = { .handle = handle };

	if (ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close))
		err(1, "DRM_IOCTL_GEM_CLOSE");
}

static int run_accel_create(const struct operation *operation)
{
	accel_close(operation->fd, accel_create(operation->fd, SIZE));
	return 0;
}

static int run_drm_create(const struct operation *operation)
{
	drm_close(operation->fd, drm_create(operation->fd, SIZE));
	return 0;
}

/* Creates a buffer, exports it, and gives up both. */
static int run_accel_export(const struct operation *operation)
{
	struct accel_bo_export export = {
		.size = sizeof(export),
		.handle = accel_create(operation->fd, SIZE),
		.flags = O_CLOEXEC | O_RDWR,
	};

	if (ioctl(operation->fd, ACCEL_IOC_BO_EXPORT, &export))
		return -errno;
	close(export.fd);
	accel_close(operation->fd, export.handle);
	return 0;
}

static int run_drm_export(const struct operation *operation)
{
	struct drm_prime_handle prime = {
		.handle = drm_create(operation->fd, SIZE),
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};

	if (ioctl(operation->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	close(prime.fd);
	drm_close(operation->fd, prime.handle);
	return 0;
}

/* Exports a buffer that is there, and imports it again. */
static int run_accel_import(const struct operation *operation)
{
	struct accel_bo_export export = {
		.size = sizeof(export),
		.handle = operation->command,
		.flags = O_CLOEXEC | O_RDWR,
	};
	struct accel_bo_import import = { .size = sizeof(import) };
	int ret;

	if (ioctl(operation->fd, ACCEL_IOC_BO_EXPORT, &export))
		return -errno;
	import.fd = export.fd;
	ret = ioctl(operation->fd, ACCEL_IOC_BO_IMPORT, &import) ? -errno : 0;
	close(export.fd);
	return ret;
}

static int run_drm_import(const struct operation *operation)
{
	struct drm_prime_handle prime = {
		.handle = operation->command,
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};
	int ret;

	if (ioctl(operation->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
		return -errno;
	ret = ioctl(operation->fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime) ? -errno : 0;
	close(prime.fd);
	return ret;
}

/* Maps a buffer, and touches so many of its pages. */
static int run_map(const struct operation *operation)
{
	__u64 offset = *(const __u64 *)operation->arg;
	char *memory;

	memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, operation->fd, offset);
	if (memory == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < operation->command; i++)
		__atomic_store_n(memory + i * PAGE, 1, __ATOMIC_RELAXED);
	return munmap(memory, SIZE) ? -errno : 0;
}

/* Maps a large buffer, and touches so many of its pages. */
static int run_map_large(const struct operation *operation)
{
	__u64 offset = *(const __u64 *)operation->arg;
	char *memory;

	memory = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_SHARED, operation->fd, offset);
	if (memory == MAP_FAILED)
		return -errno;
	for (unsigned int i = 0; i < operation->command; i++)
		__atomic_store_n(memory + i * PAGE, 1, __ATOMIC_RELAXED);
	return munmap(memory, PIECE) ? -errno : 0;
}

/* Asks for another buffer each time. */
static int run_lookup(const struct operation *operation)
{
	static __u32 next;
	struct accel_bo_info info = {
		.size = sizeof(info),
		.handle = 1 + (next += 7919) % operation->command,
	};

	return ioctl(operation->fd, ACCEL_IOC_BO_INFO, &info) ? -errno : 0;
}

static void measure_maps(const char *label, int fd, __u64 offset)
{
	char name[64];
	struct operation map = { name, run_map, fd, NULL, 0, &offset, 0 };
	struct operation touch = { name, run_map, fd, NULL, SIZE / PAGE, &offset, 0 };
	double cost;

	snprintf(name, sizeof(name), "buffer-mmap-munmap.%s", label);
	cost = cost_of(&map);
	print(name, cost);
	snprintf(name, sizeof(name), "buffer-fault.%s", label);
	print(name, (cost_of(&touch) - cost) / (SIZE / PAGE));
}

/* For each page, with its part of what it takes to map and to unmap. */
static void measure_large(const char *name, int fd, __u64 offset)
{
	struct operation touch = { name, run_map_large, fd, NULL, PIECE / PAGE, &offset, 0 };

	print(name, cost_of(&touch) / (PIECE / PAGE));
}

static void measure_drm(int card)
{
	const struct operation create = {
		"buffer-create-close.drm", run_drm_create, card, NULL, 0, NULL, 0
	};
	const struct operation export = {
		"buffer-export.drm", run_drm_export, card, NULL, 0, NULL, 0
	};
	struct operation import = { "buffer-import.drm", run_drm_import, card, NULL, 0, NULL, 0 };
	struct drm_mode_map_dumb map = {};

	measure(&create);
	measure(&export);
	map.handle = drm_create(card, SIZE);
	import.command = map.handle;
	measure(&import);
	if (ioctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map))
		err(1, "DRM_IOCTL_MODE_MAP_DUMB");
	measure_maps("drm", card, map.offset);
	map.handle = drm_create(card, PIECE);
	if (ioctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map))
		err(1, "DRM_IOCTL_MODE_MAP_DUMB");
	measure_large("buffer-touch-2-mib.drm", card, map.offset);
}

static void measure_accel(int accel)
{
	const struct operation create = {
		"buffer-create-close.accel", run_accel_create, accel, NULL, 0, NULL, 0
	};
	const struct operation export = {
		"buffer-export.accel", run_accel_export, accel, NULL, 0, NULL, 0
	};
	struct operation import = {
		"buffer-import.accel", run_accel_import, accel, NULL, 0, NULL, 0
	};
	struct accel_bo_mmap_offset place = { .size = sizeof(place) };

	measure(&create);
	measure(&export);
	place.handle = accel_create(accel, SIZE);
	import.command = place.handle;
	measure(&import);
	if (ioctl(accel, ACCEL_IOC_BO_MMAP_OFFSET, &place))
		err(1, "ACCEL_IOC_BO_MMAP_OFFSET");
	measure_maps("accel", accel, place.offset);
	accel_close(accel, place.handle);
	place = (struct accel_bo_mmap_offset){ .size = sizeof(place) };
	place.handle = accel_create(accel, PIECE);
	if (ioctl(accel, ACCEL_IOC_BO_MMAP_OFFSET, &place))
		err(1, "ACCEL_IOC_BO_MMAP_OFFSET");
	measure_large("buffer-touch-2-mib.accel", accel, place.offset);
	accel_close(accel, place.handle);
}

static void measure_lookup(int accel)
{
	const struct operation few = {
		"buffer-lookup-16.accel", run_lookup, accel, NULL, FEW, NULL, 0
	};
	const struct operation many = {
		"buffer-lookup-100000.accel", run_lookup, accel, NULL, MANY, NULL, 0
	};
	int handles = 0;

	while (handles++ < FEW)
		accel_create(accel, 1);
	measure(&few);
	while (handles++ <= MANY)
		accel_create(accel, 1);
	measure(&many);
}

/* Instructions for each page, of small pieces and of a large one. */
static void measure_sizes(int accel)
{
	const __u64 sizes[] = { 2UL << 20, LARGE };
	char name[64];
	__u64 start;
	__u32 handle;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		start = now_ns();
		handle = accel_create(accel, sizes[i]);
		accel_close(accel, handle);
		snprintf(name, sizeof(name), "buffer-page-of-%llu-mib.accel", sizes[i] >> 20);
		print(name, (double)(now_ns() - start) / (sizes[i] / PAGE));
	}
}

int main(void)
{
	int accel, card;

	load_module("accel_test", "");
	card = open(CARD, O_RDWR | O_CLOEXEC);
	if (card < 0)
		err(1, CARD);
	measure_drm(card);
	close(card);

	accel = open_accel("accel_test.shared", O_RDWR);
	measure_accel(accel);
	measure_sizes(accel);
	measure_lookup(accel);
	close(accel);
	unload_module("accel_test");
	return 0;
}
