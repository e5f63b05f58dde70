// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads that are asleep in ACCEL_TEST_IOC_SLEEP.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "sleepers.h"

/* Nobody waits for this. */
#define SLEEP_MS (20 * PATIENCE_MS)
#define STACK_SIZE (64 * 1024)

struct arg {
	struct sleepers *sleepers;
	int index;
};

static void *sleeper(void *pointer)
{
	struct arg *arg = pointer;
	struct sleepers *sleepers = arg->sleepers;
	unsigned long long now, last;
	int ret;

	ret = test_call(sleepers->fd, ACCEL_TEST_IOC_SLEEP, SLEEP_MS, 0, NULL);
	now = now_ns();
	last = sleepers->last_ns;
	while (now > last && !atomic_compare_exchange_weak(&sleepers->last_ns, &last, now))
		;
	sleepers->rets[arg->index] = ret;
	free(arg);
	return NULL;
}

static int start_one(struct sleepers *sleepers, int index, pthread_attr_t *attr)
{
	struct arg *arg = malloc(sizeof(*arg));

	if (!arg)
		return -ENOMEM;
	*arg = (struct arg) { .sleepers = sleepers, .index = index };
	return -pthread_create(&sleepers->threads[index], attr, sleeper, arg);
}

static int wait_asleep_all(struct sleepers *sleepers, int before)
{
	__u64 deadline = now_ns() + 4 * PATIENCE_MS * 1000000ULL;

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
	pthread_attr_t attr;
	int ret;

	if (before < 0)
		return before;
	*sleepers = (struct sleepers) {
		.fd = fd,
		.threads = calloc(count, sizeof(*sleepers->threads)),
		.rets = calloc(count, sizeof(*sleepers->rets)),
	};
	if (!sleepers->threads || !sleepers->rets)
		return -ENOMEM;
	ret = -pthread_attr_init(&attr);
	if (!ret)
		ret = -pthread_attr_setstacksize(&attr, STACK_SIZE);
	while (!ret && sleepers->count < count) {
		ret = start_one(sleepers, sleepers->count, &attr);
		sleepers->count += !ret;
	}
	return ret ? ret : wait_asleep_all(sleepers, before);
}

int sleepers_join(struct sleepers *sleepers, int expected)
{
	struct timespec deadline;
	int i, ret, others = 0;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += 2 * PATIENCE_MS / 1000;
	for (i = 0; i < sleepers->count; i++) {
		ret = -pthread_timedjoin_np(sleepers->threads[i], NULL, &deadline);
		if (ret)
			return ret;
		others += sleepers->rets[i] != expected;
	}
	free(sleepers->threads);
	free(sleepers->rets);
	return others;
}
