// SPDX-License-Identifier: GPL-2.0
/*
 * Four processes that keep all contexts of a device of tools/npu busy, and what
 * becomes of them when they die, the device goes, or the module does. For a machine
 * with such a device: see npu.h.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "buffer.h"
#include "harness.h"
#include "npu.h"

#define CONTEXTS 4

/* The processes. */
struct workers {
	pid_t pids[CONTEXTS];
	int started[2];
};

FIXTURE(npu_busy) {
	struct node node;
	struct workers workers;
};

FIXTURE_SETUP(npu_busy)
{
	int ret = npu_find(&self->node);

	if (ret == -ENOENT && !node_required())
		SKIP(return, "no device of " NPU_DRIVER);
	ASSERT_EQ(0, ret)
		TH_LOG("the device of ACCEL_NPU: %s", strerror(-ret));
}

FIXTURE_TEARDOWN(npu_busy)
{
}

/* Computes until that fails, and returns why. */
static int be_busy(const struct node *node, int started)
{
	struct npu_user user;
	struct accel_npu_wait result = { };
	struct accel_npu_command commands[16];
	__u64 jobs[4];
	int ret = npu_open(&user, node);

	for (int i = 0; i < 16; i++)
		commands[i] = npu_fill(NPU_AT, NPU_SIZE, i);
	for (unsigned int turn = 0; !ret && !result.error; turn++) {
		__u64 *job = &jobs[turn % 4];

		if (turn >= 4)
			ret = npu_wait(&user, *job, TIMEOUT_MS, &result);
		if (!ret)
			ret = npu_submit(&user, commands, 16, 0, job);
		if (turn == 4 && write(started, "", 1) != 1)
			ret = -EPIPE;
	}
	return ret ? ret : result.error;
}

/* The same by a ring of its own, which does not notice that the device is gone. */
static int ring_busily(const struct node *node, int started)
{
	struct npu_ring ring;
	struct accel_npu_command fill = npu_fill(NPU_AT, NPU_SIZE, 1);
	int ret = npu_ring_open(&ring, node);
	unsigned int count = 0;

	while (!ret) {
		npu_ring_push(&ring, &fill);
		/* SIGBUS if the doorbell is gone. */
		npu_ring_bell(&ring);
		ret = npu_wait(&ring.user, ++count, TIMEOUT_MS, NULL);
		if (count == 4 && write(started, "", 1) != 1)
			ret = -EPIPE;
	}
	return ret;
}

static void exit_on_sigbus(int signal)
{
	(void)signal;
	_exit(ENODEV);
}

static void start(struct __test_metadata *_metadata, const struct node *node,
		  struct workers *workers)
{
	char byte;

	ASSERT_EQ(0, pipe(workers->started));
	for (int i = 0; i < CONTEXTS; i++) {
		workers->pids[i] = fork();
		ASSERT_LE(0, workers->pids[i]);
		if (workers->pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGBUS, exit_on_sigbus);
		close(workers->started[0]);
		_exit(-(i % 2 ? ring_busily : be_busy)(node, workers->started[1]));
	}
	close(workers->started[1]);
	for (int i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(1, read(workers->started[0], &byte, 1))
			TH_LOG("a process has ended before the test began");
	}
	close(workers->started[0]);
}

/* All processes have ended with that error. */
static void end(struct __test_metadata *_metadata, const struct workers *workers, int error)
{
	int status;

	for (int i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(workers->pids[i], waitpid(workers->pids[i], &status, 0));
		ASSERT_TRUE(WIFEXITED(status));
		EXPECT_EQ(error, WEXITSTATUS(status))
			TH_LOG("process %d", i);
	}
}

/* All contexts are free, and nothing is left of buffers. */
static void check(struct __test_metadata *_metadata, const struct node *node)
{
	struct npu_user users[CONTEXTS];

	for (int i = 0; i < CONTEXTS; i++) {
		ASSERT_EQ(0, npu_open(&users[i], node));
		EXPECT_EQ(0, npu_compute(&users[i], i));
	}
	for (int i = 1; i < CONTEXTS; i++)
		npu_close(&users[i]);
	EXPECT_EQ(NPU_SIZE, buffers_in_use(users[0].fd));
	npu_close(&users[0]);
}

static int rounds(void)
{
	const char *text = getenv("ACCEL_NPU_ROUNDS");

	return text ? atoi(text) : 3;
}

TEST_F_TIMEOUT(npu_busy, processes_die, 600)
{
	int status;

	for (int round = 0; round < rounds(); round++) {
		start(_metadata, &self->node, &self->workers);
		for (int i = 0; i < CONTEXTS; i++) {
			pid_t pid = self->workers.pids[i];

			ASSERT_EQ(0, kill(pid, SIGKILL));
			ASSERT_EQ(pid, waitpid(pid, &status, 0));
		}
		check(_metadata, &self->node);
	}
}

/* How long it takes that the device goes, beyond what a slow machine needs. */
#define REMOVAL_MS 5000

TEST_F_TIMEOUT(npu_busy, device_goes, 600)
{
	__u64 longest = 0;

	for (int round = 0; round < rounds(); round++) {
		__u64 begin, took;

		start(_metadata, &self->node, &self->workers);
		begin = now_ns();
		ASSERT_EQ(0, node_unbind(&self->node));
		took = (now_ns() - begin) / 1000000;
		longest = took > longest ? took : longest;
		end(_metadata, &self->workers, ENODEV);
		ASSERT_EQ(0, node_bind(&self->node));
		check(_metadata, &self->node);
	}
	EXPECT_GT(REMOVAL_MS, longest);
	TH_LOG("a removal took at most %llu ms", (unsigned long long)longest);
}

TEST_F_TIMEOUT(npu_busy, module_goes, 600)
{
	for (int round = 0; round < rounds(); round++) {
		start(_metadata, &self->node, &self->workers);
		ASSERT_EQ(0, module_unload(NPU_DRIVER));
		end(_metadata, &self->workers, ENODEV);
		ASSERT_EQ(0, module_load(NPU_DRIVER, ""));
		ASSERT_EQ(0, node_lookup(&self->node));
		check(_metadata, &self->node);
	}
}

TEST_HARNESS_MAIN
