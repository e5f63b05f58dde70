// SPDX-License-Identifier: GPL-2.0
/*
 * What it takes to wait for points of timelines, ours and those of DRM.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* The kernel's header, without libdrm. */
#include <drm/drm.h>

#include <accel/accel.h>
#include "bench.h"

/* That of accel_bench_syncobj, behind vgem's. */
#define CARD "/dev/dri/card1"
#define POINTS 64
/* Each timeline has come so far, and the point that is waited for is the next. */
#define VALUE 5

/**
 * struct points - what a call waits for
 * @ours: our points
 * @handles: timelines of DRM
 * @points: their points
 */
struct points {
	struct accel_timeline_point ours[POINTS];
	__u32 handles[POINTS];
	__u64 points[POINTS];
};

static void signal_accel(int fd, __u32 handle, __u64 point)
{
	struct accel_timeline_signal args = {
		.size = sizeof(args), .handle = handle, .point = point,
	};

	if (ioctl(fd, ACCEL_IOC_TIMELINE_SIGNAL, &args))
		err(1, "ACCEL_IOC_TIMELINE_SIGNAL");
}

static void signal_drm(int fd, __u32 handle, __u64 point)
{
	struct drm_syncobj_timeline_array args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
	};

	if (ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &args))
		err(1, "DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL");
}

static void create(int accel, int card, struct points *points)
{
	for (int i = 0; i < POINTS; i++) {
		struct accel_timeline_create ours = { .size = sizeof(ours) };
		struct drm_syncobj_create theirs = {};

		if (ioctl(accel, ACCEL_IOC_TIMELINE_CREATE, &ours))
			err(1, "ACCEL_IOC_TIMELINE_CREATE");
		if (ioctl(card, DRM_IOCTL_SYNCOBJ_CREATE, &theirs))
			err(1, "DRM_IOCTL_SYNCOBJ_CREATE");
		points->ours[i].handle = ours.handle;
		points->ours[i].point = VALUE + 1;
		points->handles[i] = theirs.handle;
		points->points[i] = VALUE + 1;
		signal_accel(accel, ours.handle, VALUE);
		signal_drm(card, theirs.handle, VALUE);
	}
}

/* Without time: what is not there already is not waited for. */
static int wait_accel(const struct operation *operation)
{
	struct points *points = operation->arg;
	struct accel_timeline_wait args = {
		.size = sizeof(args),
		.points_ptr = (uintptr_t)points->ours,
		.count = POINTS,
		.deadline_ns = 1,
	};

	if (ioctl(operation->fd, ACCEL_IOC_TIMELINE_WAIT, &args))
		return -errno;
	return args.index;
}

static int wait_drm(const struct operation *operation)
{
	struct points *points = operation->arg;
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)points->handles,
		.points = (uintptr_t)points->points,
		.count_handles = POINTS,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
		.timeout_nsec = 1,
	};

	if (ioctl(operation->fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args))
		return errno == ETIME ? -ETIMEDOUT : -errno;
	return args.first_signaled;
}

int main(void)
{
	const int last = POINTS - 1;
	static struct points points;
	int accel, card;

	load_module("accel_test", "");
	load_module("accel_bench_syncobj", "");
	accel = open_accel("accel_test.shared", O_RDWR);
	card = open(CARD, O_RDWR | O_CLOEXEC);
	if (card < 0)
		err(1, CARD);
	create(accel, card, &points);

	const struct operation operations[] = {
		{ "timeline-poll-64.accel", wait_accel, accel, NULL, 0, &points, -ETIMEDOUT },
		{ "timeline-poll-64.drm", wait_drm, card, NULL, 0, &points, -ETIMEDOUT },
		{ "timeline-wait-any-64.accel", wait_accel, accel, NULL, 0, &points, last },
		{ "timeline-wait-any-64.drm", wait_drm, card, NULL, 0, &points, last },
	};

	measure(&operations[0]);
	measure(&operations[1]);
	signal_accel(accel, points.ours[last].handle, VALUE + 1);
	signal_drm(card, points.handles[last], VALUE + 1);
	measure(&operations[2]);
	measure(&operations[3]);

	close(accel);
	close(card);
	unload_module("accel_bench_syncobj");
	unload_module("accel_test");
	return 0;
}
