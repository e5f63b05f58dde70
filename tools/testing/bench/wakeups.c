// SPDX-License-Identifier: GPL-2.0
/*
 * How long an interrupt takes, from the beginning of its handler to the end, by how
 * many sleep and look on.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <accel/accel.h>
#include "../driver/accel_test.h"
#include "bench.h"

#define ROUNDS 15
#define SLEEPERS 1000
#define SUBSCRIBERS 4000
#define WATCHES 100000
/* Few descriptors do: each epoll instance watches all of them. */
#define WATCHED 500
#define STACK_SIZE 65536
/* Nobody is meant to be woken by it. */
#define LONG_TIME_MS 3600000

static int user;

/* How long it takes to do something in an interrupt. */
static double cost_of_interrupt(__u32 what, __u32 number, void (*settle)(void))
{
	__u64 values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		struct accel_test_words words = {
			.size = sizeof(words), .a = what, .b = number,
		};

		if (ioctl(user, ACCEL_TEST_IOC_INTERRUPT, &words))
			err(1, "ACCEL_TEST_IOC_INTERRUPT");
		values[round] = words.result;
		settle();
	}
	return median(values, ROUNDS);
}

static __u32 asleep;

/* Waits for one job, again and again. */
static void *sleeper(void *number)
{
	struct accel_test_wait wait = {
		.size = sizeof(wait), .timeout_ms = LONG_TIME_MS, .job = (long)number,
	};

	while (!ioctl(user, ACCEL_TEST_IOC_WAIT_JOB, &wait))
		;
	return NULL;
}

static void start_sleeper(int number)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, sleeper, (void *)(long)number))
		errx(1, "cannot start a thread");
	pthread_attr_destroy(&attributes);
	asleep++;
}

/* Waits until all of them are asleep. */
static void settle_sleepers(void)
{
	struct accel_test_words words;

	do {
		sched_yield();
		words = (struct accel_test_words) { .size = sizeof(words) };
		if (ioctl(user, ACCEL_TEST_IOC_SLEEPERS, &words))
			err(1, "ACCEL_TEST_IOC_SLEEPERS");
	} while (words.result != asleep);
	/* It is counted just before it sleeps. */
	sleep_ms(20);
}

static void measure_sleepers(void)
{
	start_sleeper(0);
	settle_sleepers();
	print("interrupt-wake-only.accel",
	      cost_of_interrupt(ACCEL_TEST_INTERRUPT_END_JOB, 0, settle_sleepers));
	for (int i = 1; i < SLEEPERS; i++)
		start_sleeper(i);
	settle_sleepers();
	print("interrupt-wake-1-of-1000.accel",
	      cost_of_interrupt(ACCEL_TEST_INTERRUPT_END_JOB, 0, settle_sleepers));
}

/* Threads of the kernel tell those who look on. */
static void settle_events(void)
{
	sleep_ms(100);
}

static double cost_of_event(void)
{
	return cost_of_interrupt(ACCEL_TEST_INTERRUPT_SEND, 0, settle_events);
}

static void subscribe(int fd)
{
	struct accel_events args = {
		.size = sizeof(args), .classes = ACCEL_EVENT_CLASS_DRIVER, .eventfd = -1,
	};

	if (ioctl(fd, ACCEL_IOC_EVENTS, &args))
		err(1, "ACCEL_IOC_EVENTS");
}

static void watch(const int *fds)
{
	struct epoll_event event = { .events = EPOLLIN };

	for (int watches = 0; watches < WATCHES; watches += WATCHED) {
		int epoll = epoll_create1(EPOLL_CLOEXEC);

		if (epoll < 0)
			err(1, "epoll_create1");
		for (int i = 0; i < WATCHED; i++)
			if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event))
				err(1, "EPOLL_CTL_ADD");
	}
}

static void measure_watches(void)
{
	int observer = open_accel("accel_test.shared", O_RDONLY), fds[WATCHED];

	subscribe(observer);
	print("interrupt-event-unwatched.accel", cost_of_event());
	for (int i = 0; i < WATCHED; i++) {
		fds[i] = dup(observer);
		if (fds[i] < 0)
			err(1, "dup");
	}
	watch(fds);
	print("interrupt-event-watched-100000.accel", cost_of_event());
	/* They are not closed one by one, which takes longer than all of this. */
}

static void measure_subscribers(void)
{
	char path[4096];

	accel_path("accel_test.shared", path, sizeof(path));
	for (int i = 0; i < SUBSCRIBERS; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			err(1, "%s", path);
		subscribe(fd);
	}
	print("interrupt-event-4000-subscribers.accel", cost_of_event());
}

int main(void)
{
	const struct rlimit limit = { 8192, 8192 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		err(1, "RLIMIT_NOFILE");
	load_module("accel_test", "");
	user = open_accel("accel_test.shared", O_RDWR);
	measure_watches();
	measure_subscribers();
	measure_sleepers();
	/* The module goes with the last of its users, which the end of this is. */
	return 0;
}
