// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads that are asleep in ACCEL_TEST_IOC_SLEEP.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "sleepers.h"

/* Nobody waits for this. */
#define SLEEP_MS (20 * TIMEOUT_MS)
#define STACK_SIZE (32 * 1024)

/*
 * What is measured is how the kernel wakes them, so they do as little as can be
 * by themselves: no page of theirs is missing, and none is given back.
 */
static void *sleep_once(void *arg)
{
	struct sleeper *sleeper = arg;
	struct sleepers *sleepers = sleeper->all;
	unsigned long long now, last;

	sleeper->ret = test_call(sleepers->fd, ACCEL_TEST_IOC_SLEEP, SLEEP_MS, 0, NULL);
	now = now_ns();
	last = sleepers->last_ns;
	while (now > last && !atomic_compare_exchange_weak(&sleepers->last_ns, &last, now))
		;
	return NULL;
}

static int start_one(struct sleepers *sleepers, int index)
{
	struct sleeper *sleeper = &sleepers->each[index];
	pthread_attr_t attr;
	int ret;

	sleeper->all = sleepers;
	ret = pthread_attr_init(&attr);
	if (!ret)
		ret = pthread_attr_setstack(&attr, sleepers->stacks + index * STACK_SIZE,
					    STACK_SIZE);
	if (!ret)
		ret = pthread_create(&sleeper->thread, &attr, sleep_once, sleeper);
	return -ret;
}

static int wait_asleep_all(struct sleepers *sleepers, int before)
{
	__u64 deadline = now_ns() + 4 * TIMEOUT_MS * 1000000ULL;

	while (test_sleepers(sleepers->fd) != before + sleepers->count) {
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		sleep_ms(10);
	}
	/* They are counted just before they fall asleep. */
	sleep_ms(200);
	return 0;
}

int sleepers_start(struct sleepers *sleepers, int fd, int count)
{
	int before = test_sleepers(fd);
	int ret = 0;

	if (before < 0)
		return before;
	*sleepers = (struct sleepers) {
		.fd = fd,
		.each = calloc(count, sizeof(*sleepers->each)),
		.stacks = mmap(NULL, count * STACK_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0),
	};
	if (!sleepers->each || sleepers->stacks == MAP_FAILED)
		return -ENOMEM;
	while (!ret && sleepers->count < count) {
		ret = start_one(sleepers, sleepers->count);
		sleepers->count += !ret;
	}
	return ret ? ret : wait_asleep_all(sleepers, before);
}

int sleepers_join(struct sleepers *sleepers, int expected)
{
	struct timespec deadline;
	int i, ret, others = 0;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += 2 * TIMEOUT_MS / 1000;
	for (i = 0; i < sleepers->count; i++) {
		ret = -pthread_timedjoin_np(sleepers->each[i].thread, NULL, &deadline);
		if (ret)
			return ret;
		others += sleepers->each[i].ret != expected;
	}
	munmap(sleepers->stacks, sleepers->count * STACK_SIZE);
	free(sleepers->each);
	return others;
}
