// SPDX-License-Identifier: GPL-2.0
/*
 * What system calls on a node take, ours and others.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel's header, without libdrm. */
#include <drm/drm.h>

#include <accel/accel.h>
#include "../driver/accel_test.h"
#include "accel_bench_peer.h"
#include "bench.h"

#define CARD "/dev/dri/card0"
#define PEER "/dev/accel_bench_peer"
#define ZERO "/dev/null"

static int run_ioctl(const struct operation *operation)
{
	return ioctl(operation->fd, operation->command, operation->arg) ? -errno : 0;
}

/* A sum is refused unless the room for it is zero. */
static int run_add(const struct operation *operation)
{
	struct accel_test_words *words = operation->arg;

	words->result = 0;
	return ioctl(operation->fd, operation->command, operation->arg) ? -errno : 0;
}

/* The answer is where the question was. */
static int run_info(const struct operation *operation)
{
	struct accel_info *info = operation->arg;

	info->data_len = sizeof(struct accel_info_status);
	info->record_size = sizeof(struct accel_info_status);
	info->count = 0;
	return ioctl(operation->fd, operation->command, operation->arg) ? -errno : 0;
}

static int run_open_close(const struct operation *operation)
{
	int fd;

	fd = open(operation->path, operation->command);
	if (fd < 0)
		return -errno;
	return close(fd) ? -errno : 0;
}

/* The shortest system call: what all others contain. */
static int run_getppid(const struct operation *operation)
{
	return getppid() < 0 ? -errno : operation->expected;
}

/* A known number of instructions, in which the clock is seen to count them. */
static int run_loop(const struct operation *operation)
{
	__u32 n = operation->command / 2;

	asm volatile ("1: dec %0; jnz 1b" : "+r" (n));
	return operation->expected;
}

static int open_node(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void measure_ioctls(int accel, int peer, int card, int null)
{
	struct accel_info_status status;
	struct accel_info info = {
		.size = sizeof(info),
		.topic = ACCEL_INFO_STATUS,
		.data_ptr = (uintptr_t)&status,
	};
	struct accel_test_words words = { .size = sizeof(words), .a = 20, .b = 22 };
	struct accel_bench_words peer_words = {};
	struct drm_version version = {};
	const struct operation operations[] = {
		{ "info-status.accel", run_info, accel, NULL, ACCEL_IOC_INFO, &info, 0 },
		{ "driver-ioctl.accel", run_add, accel, NULL, ACCEL_TEST_IOC_ADD, &words, 0 },
		{ "powered-ioctl.accel", run_add, accel, NULL, ACCEL_TEST_IOC_POWERED_ADD, &words,
		  0 },
		{ "refused-ioctl.accel", run_ioctl, accel, NULL, ACCEL_BENCH_IOC_NONE, NULL,
		  -ENOTTY },
		{ "driver-ioctl.misc", run_ioctl, peer, NULL, ACCEL_BENCH_IOC_COPY,
		  &peer_words, 0 },
		{ "refused-ioctl.misc", run_ioctl, peer, NULL, ACCEL_BENCH_IOC_NONE, NULL,
		  -ENOTTY },
		{ "refused-ioctl.null", run_ioctl, null, NULL, ACCEL_BENCH_IOC_NONE, NULL,
		  -ENOTTY },
		{ "driver-ioctl.drm", run_ioctl, card, NULL, DRM_IOCTL_VERSION, &version, 0 },
		{ "getppid", run_getppid, -1, NULL, 0, NULL, 0 },
		{ "loop-of-1000", run_loop, -1, NULL, 1000, NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		measure(&operations[i]);
}

static void measure_opens(const char *accel)
{
	const struct operation operations[] = {
		{ "open-close-user.accel", run_open_close, -1, accel, O_RDWR, NULL, 0 },
		{ "open-close-user.misc", run_open_close, -1, PEER, O_RDWR, NULL, 0 },
		{ "open-close-user.drm", run_open_close, -1, CARD, O_RDWR, NULL, 0 },
		{ "open-close-user.null", run_open_close, -1, ZERO, O_RDWR, NULL, 0 },
		{ "open-close-observer.accel", run_open_close, -1, accel, O_RDONLY, NULL, 0 },
		{ "open-close-observer.misc", run_open_close, -1, PEER, O_RDONLY, NULL, 0 },
		{ "open-close-observer.drm", run_open_close, -1, CARD, O_RDONLY, NULL, 0 },
		{ "open-close-observer.null", run_open_close, -1, ZERO, O_RDONLY, NULL, 0 },
	};

	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++)
		measure(&operations[i]);
}

int main(void)
{
	int accel, peer, card, null;
	char path[PATH_MAX];

	load_module("accel_test", "");
	load_module("accel_bench_peer", "");
	accel_path("accel_test.shared", path, sizeof(path));

	accel = open_node(path);
	peer = open_node(PEER);
	card = open_node(CARD);
	null = open_node(ZERO);
	measure_ioctls(accel, peer, card, null);
	/* The others are opened again, but nobody else has them open then. */
	close(accel);
	close(peer);
	close(card);
	close(null);

	measure_opens(path);
	unload_module("accel_bench_peer");
	unload_module("accel_test");
	return 0;
}
