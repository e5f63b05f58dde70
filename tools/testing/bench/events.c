// SPDX-License-Identifier: GPL-2.0
/*
 * What it takes to send an event, by how many have subscribed.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <accel/accel.h>
#include "../driver/accel_test.h"
#include "bench.h"

/* All of them fit in the queue of a file. */
#define EVENTS 32
#define ROUNDS 15
#define SUBSCRIBERS 100

static void subscribe(int fd, __u32 classes, int eventfd)
{
	struct accel_events args = {
		.size = sizeof(args),
		.classes = classes,
		.eventfd = eventfd,
	};

	if (ioctl(fd, ACCEL_IOC_EVENTS, &args))
		err(1, "ACCEL_IOC_EVENTS");
}

static void drain(int fd)
{
	struct accel_event events[EVENTS];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

/* How many instructions one event takes, with @count subscribers. */
static double cost_of_event(int user, const int *fds, int count)
{
	struct accel_test_words words = { .size = sizeof(words), .b = EVENTS };
	__u64 values[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		values[round] = now_ns();
		if (ioctl(user, ACCEL_TEST_IOC_SEND, &words))
			err(1, "ACCEL_TEST_IOC_SEND");
		values[round] = now_ns() - values[round];
		for (int i = 0; i < count; i++)
			drain(fds[i]);
	}
	return (double)median(values, ROUNDS) / EVENTS;
}

int main(void)
{
	int user, fds[SUBSCRIBERS];
	double none, all, signalled;

	load_module("accel_test", "");
	user = open_accel("accel_test.shared", O_RDWR);
	for (int i = 0; i < SUBSCRIBERS; i++) {
		fds[i] = open_accel("accel_test.shared", O_RDONLY);
		if (fcntl(fds[i], F_SETFL, O_NONBLOCK))
			err(1, "O_NONBLOCK");
	}
	none = cost_of_event(user, fds, 0);
	for (int i = 0; i < SUBSCRIBERS; i++)
		subscribe(fds[i], ACCEL_EVENT_CLASS_DRIVER, -1);
	all = cost_of_event(user, fds, SUBSCRIBERS);
	for (int i = 0; i < SUBSCRIBERS; i++)
		subscribe(fds[i], ACCEL_EVENT_CLASS_DRIVER, eventfd(0, EFD_CLOEXEC));
	signalled = cost_of_event(user, fds, SUBSCRIBERS);

	print("event-to-nobody.accel", none);
	print("event-to-each.accel", (all - none) / SUBSCRIBERS);
	print("event-to-each-eventfd.accel", (signalled - none) / SUBSCRIBERS);
	for (int i = 0; i < SUBSCRIBERS; i++)
		close(fds[i]);
	close(user);
	unload_module("accel_test");
	return 0;
}
