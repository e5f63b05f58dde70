// SPDX-License-Identifier: GPL-2.0
/*
 * Jobs of the accelerator in software map their buffers for the kernel: each
 * buffer once, however many jobs have it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "buffer.h"
#include "fences.h"
#include "harness.h"
#include "sim.h"

/* Nothing else has this size. */
#define SIZE ((37UL << 20) + 0x3000)
#define FILES 4
#define JOBS 40

/* How often memory of this size is mapped, or an error. */
static int count_maps(void)
{
	unsigned long size;
	char line[512];
	int count = 0;
	FILE *file;

	file = fopen("/proc/vmallocinfo", "re");
	if (!file)
		return -errno;
	/* Each area is followed by a page that nothing is in, which counts. */
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %lu", &size) == 1 && strstr(line, " vmap") &&
		    size >= SIZE && size <= SIZE + getpagesize())
			count++;
	fclose(file);
	return count;
}

TEST(a_buffer_is_mapped_once)
{
	struct sim_user user[FILES];
	struct accel_sim_submit job;
	__u32 own, handle[FILES];
	struct foreign fence;
	struct node node;
	int dmabuf, ret, i, n;

	if (!setup_root(_metadata) || !setup_sim(_metadata, &node))
		return;
	ret = foreign_make(&fence);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret)
		TH_LOG("fence of DRM: %s", strerror(-ret));
	ASSERT_EQ(0, count_maps());

	for (i = 0; i < FILES; i++)
		ASSERT_EQ(0, sim_open(&user[i], &node));
	ASSERT_EQ(0, buffer_create(user[0].fd, SIZE, &own, NULL));
	ASSERT_EQ(0, buffer_export(user[0].fd, own, O_RDWR | O_CLOEXEC, &dmabuf));
	for (i = 0; i < FILES; i++) {
		ASSERT_EQ(0, buffer_import(user[i].fd, dmabuf, &handle[i], NULL));
		for (n = 0; n < JOBS; n++) {
			job = sim_job(&user[i], ACCEL_SIM_ADD, 1);
			job.a.handle = handle[i];
			job.result.handle = handle[i];
			job.flags = ACCEL_SIM_IN_FENCE;
			job.in_fence = fence.fd;
			ASSERT_EQ(0, sim_submit(&user[i], &job));
		}
	}
	ASSERT_EQ(0, fence_status(fence.fd))
		TH_LOG("the jobs may be done already");
	EXPECT_EQ(1, count_maps());

	ASSERT_EQ(0, foreign_signal(&fence));
	for (i = 0; i < FILES; i++)
		EXPECT_EQ(0, sim_wait(&user[i], JOBS, TIMEOUT_MS, NULL));
	/* The last job goes when it is done, a little later. */
	for (i = 0; i < TIMEOUT_MS && count_maps() > 0; i++)
		sleep_ms(1);
	EXPECT_EQ(0, count_maps());
	for (i = 0; i < FILES; i++)
		sim_close(&user[i]);
	close(dmabuf);
	foreign_close(&fence);
}

TEST_HARNESS_MAIN
