// SPDX-License-Identifier: GPL-2.0
/*
 * The device of tools/npu by its driver: contexts, mappings, jobs and how callers
 * learn that they are done. For a machine with such a device: see npu.h.
 */
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "events.h"
#include "exporter.h"
#include "fences.h"
#include "harness.h"
#include "npu.h"

FIXTURE(npu) {
	struct node node;
	struct npu_user user, other;
};

FIXTURE_SETUP(npu)
{
	int ret = npu_find(&self->node);

	if (ret == -ENOENT && !node_required())
		SKIP(return, "no device of " NPU_DRIVER);
	ASSERT_EQ(0, ret)
		TH_LOG("the device of ACCEL_NPU: %s", strerror(-ret));
	ASSERT_EQ(0, npu_open(&self->user, &self->node));
	ASSERT_EQ(0, npu_open(&self->other, &self->node));
}

FIXTURE_TEARDOWN(npu)
{
	npu_close(&self->user);
	npu_close(&self->other);
}

TEST_F(npu, computes_products)
{
	for (unsigned int seed = 0; seed < 300; seed++) {
		ASSERT_EQ(0, npu_compute(&self->user, seed))
			TH_LOG("product %u", seed);
	}
	EXPECT_EQ(0, npu_compute(&self->other, 0));
}

TEST_F(npu, has_memory_of_its_own)
{
	struct accel_npu_command fill = npu_fill(0, 4096, 0x12345678);
	__u32 handle;
	void *memory;

	ASSERT_EQ(0, buffer_create_in(self->user.fd, NPU_DEVICE, 8192, &handle));
	ASSERT_EQ(0, buffer_map(self->user.fd, handle, 8192, &memory));
	ASSERT_EQ(0, npu_map(&self->user, handle, 0, 8192));
	ASSERT_EQ(0, npu_run(&self->user, &fill));
	EXPECT_EQ(0x12345678, ((__u32 *)memory)[1023]);
	EXPECT_EQ(0, ((__u32 *)memory)[1024]);
	munmap(memory, 8192);
}

/* Submits a command that fails, and returns how. */
static struct accel_npu_wait failure(struct __test_metadata *_metadata,
				     const struct npu_user *user,
				     const struct accel_npu_command *command)
{
	struct accel_npu_command commands[3] = { };
	struct accel_npu_wait result;
	__u64 job;

	commands[1] = *command;
	EXPECT_EQ(0, npu_submit(user, commands, 3, 0, &job));
	EXPECT_EQ(0, npu_wait(user, job, TIMEOUT_MS, &result));
	EXPECT_EQ(-EIO, result.error);
	EXPECT_EQ(1, result.command);
	return result;
}

TEST_F(npu, confines_commands)
{
	struct accel_npu_command fill = npu_fill(NPU_AT + NPU_SIZE - 4, 8, 1);
	struct accel_npu_map map = {
		.size = sizeof(map),
		.handle = self->user.handle,
		.len = 4096,
	};
	struct accel_npu_wait result;

	result = failure(_metadata, &self->user, &fill);
	EXPECT_EQ(NPU_PAGE, result.status);
	EXPECT_EQ(NPU_AT + NPU_SIZE, result.address);
	/* The device's own memory has no address, nor has that of the host. */
	fill.destination = 1ULL << 63;
	result = failure(_metadata, &self->user, &fill);
	EXPECT_EQ(NPU_PAGE, result.status);
	EXPECT_EQ(1ULL << 63, result.address);

	ASSERT_EQ(0, sys_ioctl(self->user.fd, ACCEL_NPU_IOC_MAP, &map));
	fill.destination = 0;
	EXPECT_EQ(NPU_PAGE, failure(_metadata, &self->user, &fill).status);
	fill.code = 99;
	EXPECT_EQ(NPU_UNKNOWN, failure(_metadata, &self->user, &fill).status);
	EXPECT_EQ(0, npu_compute(&self->user, 1));
}

TEST_F(npu, maps_and_unmaps)
{
	struct accel_npu_command fill = npu_fill(NPU_AT, 4, 1);
	struct accel_npu_map map = { .size = sizeof(map), .handle = self->user.handle };
	const __u64 wrong[][3] = {
		/* address, offset, length */
		{ 0, 0, 0 }, { 0, 0, 4095 }, { 1, 0, 4096 }, { 0, 1, 4096 },
		{ 0, NPU_SIZE, 4096 }, { 0, ~0xfffULL, 8192 },
		{ ACCEL_NPU_ADDRESSES, 0, 4096 }, { ACCEL_NPU_ADDRESSES - 4096, 0, 8192 },
		{ ~0xfffULL, 0, 8192 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		map.address = wrong[i][0];
		map.offset = wrong[i][1];
		map.len = wrong[i][2];
		EXPECT_EQ(-EINVAL, sys_ioctl(self->user.fd, ACCEL_NPU_IOC_MAP, &map))
			TH_LOG("case %zu", i);
	}
	EXPECT_EQ(-EBUSY, npu_map(&self->user, self->user.handle, NPU_AT - 4096, 8192));
	EXPECT_EQ(-ENOENT, npu_unmap(&self->user, NPU_AT + 4096));
	ASSERT_EQ(0, npu_unmap(&self->user, NPU_AT));
	EXPECT_EQ(-ENOENT, npu_unmap(&self->user, NPU_AT));
	EXPECT_EQ(NPU_PAGE, failure(_metadata, &self->user, &fill).status);
	ASSERT_EQ(0, npu_map(&self->user, self->user.handle, NPU_AT, NPU_SIZE));
	EXPECT_EQ(0, npu_compute(&self->user, 1));
}

/* Two files have the same memory, by whichever way; one of them maps it. */
TEST_F(npu, maps_memory_of_others)
{
	struct accel_npu_command fill = npu_fill(0, 8192, 0x01020304);
	int dmabuf = udmabuf_export(8192), fd = self->user.fd;
	struct accel_npu_map map = { .size = sizeof(map), .len = 8192 };
	__u32 *memory, handle;

	ASSERT_LE(0, dmabuf);
	memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ASSERT_NE(MAP_FAILED, (void *)memory);
	ASSERT_EQ(0, buffer_import(fd, dmabuf, &handle, NULL));
	ASSERT_EQ(0, npu_map(&self->user, handle, 0, 8192));
	ASSERT_EQ(0, npu_run(&self->user, &fill));
	EXPECT_EQ(0x01020304, memory[2047]);
	ASSERT_EQ(0, npu_unmap(&self->user, 0));
	munmap(memory, 8192);
	close(dmabuf);

	memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)memory);
	ASSERT_EQ(0, buffer_of_user(fd, memory, 8192, &handle));
	ASSERT_EQ(0, npu_map(&self->user, handle, 0, 8192));
	ASSERT_EQ(0, npu_run(&self->user, &fill));
	EXPECT_EQ(0x01020304, memory[2047]);
	/* What is only to be read is not written to. */
	ASSERT_EQ(0, buffer_of_user_to_read(fd, memory, 8192, &map.handle));
	map.address = 8192;
	ASSERT_EQ(0, sys_ioctl(fd, ACCEL_NPU_IOC_MAP, &map));
	EXPECT_EQ(-EACCES, npu_map(&self->user, map.handle, 16384, 8192));
	fill.destination = 8192;
	EXPECT_EQ(NPU_PAGE, failure(_metadata, &self->user, &fill).status);
	munmap(memory, 8192);
	/* It is not the process's any more, but is still there. */
	fill.destination = 0;
	EXPECT_EQ(0, npu_run(&self->user, &fill));
	EXPECT_EQ(-EFAULT, npu_map(&self->user, handle, 16384, 8192));
}

/* Memory of another device, which goes while commands use it. */
TEST_F(npu, gives_memory_back)
{
	struct accel_npu_command fill = npu_fill(0, 4096, 1);
	struct accel_npu_submit args = {};
	struct node peer;
	__u32 handle, imported;
	int fd, dmabuf, ret = npu_find_peer(&peer);

	if (ret == -ENOENT)
		SKIP(return, "no other device");
	ASSERT_EQ(0, ret);
	fd = test_open(&peer, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create_in(fd, NPU_COHERENT, 4096, &handle));
	ASSERT_EQ(0, buffer_export(fd, handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_import(self->user.fd, dmabuf, &imported, NULL));
	ASSERT_EQ(0, npu_map(&self->user, imported, 0, 4096));
	ASSERT_EQ(0, npu_run(&self->user, &fill));
	ASSERT_EQ(0, npu_submit_with(&self->user, &fill, 1, &args));
	/* Waits until the memory was given back. */
	ASSERT_EQ(0, node_unbind(&peer));
	EXPECT_EQ(NPU_PAGE, failure(_metadata, &self->user, &fill).status);
	EXPECT_EQ(-ENODEV, npu_map(&self->user, imported, 0, 4096));
	EXPECT_EQ(0, npu_compute(&self->user, 1));

	/* A command that does not end costs the file its context. */
	close(dmabuf);
	close(fd);
	ASSERT_EQ(0, node_bind(&peer));
	fd = test_open(&peer, O_RDWR);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, buffer_create_in(fd, NPU_COHERENT, 4096, &handle));
	ASSERT_EQ(0, buffer_export(fd, handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_import(self->user.fd, dmabuf, &imported, NULL));
	ASSERT_EQ(0, npu_map(&self->user, imported, 0, 4096));
	ASSERT_EQ(0, npu_order("hang %u", self->user.context));
	args = (struct accel_npu_submit) { .timeout_ms = 60000 };
	ASSERT_EQ(0, npu_submit_with(&self->user, &fill, 1, &args));
	ASSERT_EQ(0, npu_await("running"));
	ASSERT_EQ(0, node_unbind(&peer));
	EXPECT_EQ(-ESTALE, npu_run(&self->user, &fill));
	ASSERT_EQ(0, node_bind(&peer));
	EXPECT_EQ(0, npu_compute(&self->other, 1));
	close(dmabuf);
	close(fd);
}

TEST_F(npu, has_four_contexts)
{
	struct npu_user more[2], fifth;

	ASSERT_EQ(0, npu_open(&more[0], &self->node));
	ASSERT_EQ(0, npu_open(&more[1], &self->node));
	EXPECT_EQ(-EBUSY, npu_open(&fifth, &self->node));
	/* What was mapped is gone with the context. */
	ASSERT_EQ(0, npu_open_context(&more[1]));
	EXPECT_EQ(-EIO, npu_compute(&more[1], 0));
	npu_close(&more[1]);
	ASSERT_EQ(0, npu_open(&fifth, &self->node));
	EXPECT_EQ(more[1].context, fifth.context);
	EXPECT_EQ(0, npu_compute(&fifth, 0));
	npu_close(&more[0]);
	npu_close(&fifth);
}

TEST_F(npu, needs_a_context)
{
	struct accel_npu_command nop = { };
	struct npu_user user = { .memory = MAP_FAILED };
	__u64 job;

	user.fd = test_open(&self->node, O_RDWR);
	ASSERT_LE(0, user.fd);
	EXPECT_EQ(-ENODATA, npu_map(&user, 0, 0, 4096));
	EXPECT_EQ(-ENODATA, npu_unmap(&user, 0));
	EXPECT_EQ(-ENODATA, npu_submit(&user, &nop, 1, 0, &job));
	EXPECT_EQ(-ENODATA, npu_wait(&user, 1, 0, NULL));
	npu_close(&user);
}

TEST_F(npu, passes_fences)
{
	struct accel_npu_submit first = { .flags = ACCEL_NPU_OUT_FENCE };
	struct accel_npu_submit second = { .flags = ACCEL_NPU_OUT_FENCE | ACCEL_NPU_IN_FENCE };
	struct accel_npu_command nop = { }, product = npu_product(&self->other, 3);

	ASSERT_EQ(0, npu_submit_with(&self->user, &nop, 1, &first));
	second.in_fence = first.out_fence;
	ASSERT_EQ(0, npu_submit_with(&self->other, &product, 1, &second));
	EXPECT_EQ(1, fence_wait(second.out_fence));
	EXPECT_EQ(1, fence_status(first.out_fence));
	EXPECT_TRUE(npu_check_product(&self->other));
	close(first.out_fence);
	close(second.out_fence);
}

TEST_F(npu, waits_for_fences_of_others)
{
	struct accel_npu_submit args = { .flags = ACCEL_NPU_IN_FENCE };
	struct accel_npu_command product = npu_product(&self->user, 3);
	struct foreign fence;
	int ret = foreign_make(&fence);
	__u64 job;

	if (ret == -ENOENT)
		SKIP(return, "no fences of others here");
	ASSERT_EQ(0, ret);
	args.in_fence = fence.fd;
	ASSERT_EQ(0, npu_submit_with(&self->user, &product, 1, &args));
	/* In order, so these wait, too. */
	for (int i = 1; i < ACCEL_NPU_MAX_JOBS; i++)
		ASSERT_EQ(0, npu_submit(&self->user, &product, 1, 0, &job));
	EXPECT_EQ(-EAGAIN, npu_submit(&self->user, &product, 1, 0, &job));
	EXPECT_EQ(-ETIMEDOUT, npu_wait(&self->user, args.job, 20, NULL));
	EXPECT_EQ(0, npu_compute(&self->other, 4));
	ASSERT_EQ(0, foreign_signal(&fence));
	EXPECT_EQ(0, npu_wait(&self->user, ACCEL_NPU_MAX_JOBS, TIMEOUT_MS, NULL));
	EXPECT_TRUE(npu_check_product(&self->user));
	EXPECT_EQ(0, npu_submit(&self->user, &product, 1, 0, &job));
	EXPECT_EQ(-ENOENT, npu_wait(&self->user, args.job, 0, NULL));
	foreign_close(&fence);
}

TEST_F(npu, orders_jobs_on_the_same_buffer)
{
	struct accel_npu_access access = { .handle = self->user.handle, .flags = ACCEL_NPU_WRITE };
	struct accel_npu_submit args = {
		.accesses_ptr = (__u64)(unsigned long)&access,
		.accesses_count = 1,
	};
	struct accel_npu_command fill = npu_fill(NPU_AT, NPU_SIZE, 0);
	__u32 handle;
	int dmabuf;

	ASSERT_EQ(0, buffer_export(self->user.fd, self->user.handle, O_RDWR, &dmabuf));
	ASSERT_EQ(0, buffer_import(self->other.fd, dmabuf, &handle, NULL));
	for (__u32 turn = 1; turn <= 20; turn++) {
		const struct npu_user *user = turn % 2 ? &self->user : &self->other;

		access.handle = turn % 2 ? self->user.handle : handle;
		fill.parameter = turn;
		args.job = 0;
		ASSERT_EQ(0, npu_submit_with(user, &fill, 1, &args));
	}
	EXPECT_EQ(0, npu_wait(&self->other, args.job, TIMEOUT_MS, NULL));
	EXPECT_EQ(19, *(__u32 *)self->user.memory);
	close(dmabuf);
}

TEST_F(npu, is_polled)
{
	struct accel_npu_command nop = { };
	struct pollfd pollfd = { .fd = self->user.fd, .events = POLLIN };
	__u64 job;

	EXPECT_EQ(0, poll(&pollfd, 1, 0));
	ASSERT_EQ(0, npu_submit(&self->user, &nop, 1, 0, &job));
	EXPECT_EQ(1, poll(&pollfd, 1, TIMEOUT_MS));
	EXPECT_EQ(0, npu_wait(&self->user, job, 0, NULL));
	EXPECT_EQ(0, poll(&pollfd, 1, 0));
}

TEST_F(npu, sends_events)
{
	struct accel_npu_command nop = { .flags = ACCEL_NPU_NOTIFY };
	struct accel_event event;

	ASSERT_EQ(0, events_subscribe(self->user.fd, ACCEL_EVENT_CLASS_DRIVER, -1));
	ASSERT_EQ(0, npu_run(&self->other, &nop));
	ASSERT_EQ(ACCEL_NPU_EVENT_NOTIFY, events_next(self->user.fd, &event));
	EXPECT_EQ(self->other.context, event.data[0]);
	nop.flags = 2;
	EXPECT_EQ(-EINVAL, npu_run(&self->other, &nop));
}

TEST_F(npu, tells_about_itself)
{
	struct accel_info_firmware firmware;
	struct accel_info_sensor sensors[2];

	ASSERT_EQ(1, info_read(self->user.fd, ACCEL_INFO_FIRMWARE, &firmware, sizeof(firmware), 1));
	EXPECT_STREQ("npu", (char *)firmware.name);
	EXPECT_STREQ("1.2.3", (char *)firmware.version);
	ASSERT_EQ(2, info_read(self->user.fd, ACCEL_INFO_SENSORS, sensors, sizeof(*sensors), 2));
	EXPECT_LE(42000, sensors[0].value);
	EXPECT_LE(4000000, sensors[1].value);
}

TEST_F(npu, has_a_time_limit)
{
	long ms;

	ASSERT_EQ(0, read_number(self->node.class_dir, "accel_npu/timeout_ms", &ms));
	EXPECT_EQ(2000, ms);
	EXPECT_EQ(-EINVAL, write_file(self->node.class_dir, "accel_npu/timeout_ms", "0"));
	EXPECT_EQ(-EINVAL, write_file(self->node.class_dir, "accel_npu/timeout_ms", "60001"));
	EXPECT_EQ(0, write_file(self->node.class_dir, "accel_npu/timeout_ms", "3000"));
	EXPECT_EQ(0, write_file(self->node.class_dir, "accel_npu/timeout_ms", "2000"));
}

TEST_HARNESS_MAIN
