// SPDX-License-Identifier: GPL-2.0
/*
 * How long it takes until a device is gone, from the first instruction of the
 * system call that removes it to the return of that and of all that slept.
 *
 * In nanoseconds of the guest: other than instructions, that has the time in
 * it for which the kernel waits and nothing runs.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <accel/accel.h>
#include "../driver/accel_test.h"
#include "bench.h"

/* Of several times, the median. */
#define TIMES 5
#define MAX_SLEEPERS 1000
#define STACK_SIZE 65536

/* Nobody is meant to be woken by it. */
#define LONG_TIME_MS 3600000

/**
 * struct sleeper - a thread asleep in an ioctl
 * @thread: the thread
 * @fd: the device
 * @words: argument of the ioctl
 * @command: the ioctl
 * @error: how it ended
 * @end_ns: when
 */
struct sleeper {
	pthread_t thread;
	int fd;
	struct accel_test_words *words;
	unsigned int command;
	int error;
	__u64 end_ns;
};

static void *sleeper_thread(void *arg)
{
	struct sleeper *sleeper = arg;

	sleeper->error = ioctl(sleeper->fd, sleeper->command, sleeper->words) ? errno : 0;
	sleeper->end_ns = now_ns();
	return NULL;
}

static void start_sleeper(struct sleeper *sleeper)
{
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&sleeper->thread, &attributes, sleeper_thread, sleeper))
		errx(1, "cannot start a thread");
	pthread_attr_destroy(&attributes);
}

static void join_sleeper(struct sleeper *sleeper, int error)
{
	pthread_join(sleeper->thread, NULL);
	if (sleeper->error != error)
		errx(1, "a sleeper got \"%s\"", strerror(sleeper->error));
}

/* Returns when it began. */
static __u64 unload_calmly(const char *name)
{
	__u64 begin;

	/* It would otherwise have to wait for what was before. */
	sleep_ms(200);
	begin = now_ns();
	unload_module(name);
	return begin;
}

/* Some sleep on one device of several; all are removed, that one at first. */
static __u64 unplug_with_sleepers(int count)
{
	static struct sleeper sleepers[MAX_SLEEPERS];
	static struct accel_test_words arguments[MAX_SLEEPERS];
	struct accel_test_words asleep = { .size = sizeof(asleep) };
	__u64 begin, end;
	int fd;

	load_module("accel_test", "");
	fd = open_accel("accel_test.shared", O_RDWR);
	for (int i = 0; i < count; i++) {
		arguments[i] = (struct accel_test_words) {
			.size = sizeof(arguments[i]),
			.a = LONG_TIME_MS,
		};
		sleepers[i] = (struct sleeper) {
			.fd = fd,
			.words = &arguments[i],
			.command = ACCEL_TEST_IOC_SLEEP,
		};
		start_sleeper(&sleepers[i]);
	}
	do {
		sleep_ms(20);
		asleep.result = 0;
		if (ioctl(fd, ACCEL_TEST_IOC_SLEEPERS, &asleep))
			err(1, "ACCEL_TEST_IOC_SLEEPERS");
	} while (asleep.result != (__u32)count);

	begin = unload_calmly("accel_test");
	end = now_ns();
	for (int i = 0; i < count; i++) {
		join_sleeper(&sleepers[i], ENODEV);
		if (sleepers[i].end_ns > end)
			end = sleepers[i].end_ns;
	}
	close(fd);
	return end - begin;
}

/* As many devices of the peer, which knows no sleepers. */
static __u64 unplug_peer(void)
{
	__u64 begin;

	load_module("accel_bench_peer", "devices=3");
	begin = unload_calmly("accel_bench_peer");
	return now_ns() - begin;
}

static void copy_page(int uffd, void *page, size_t size, const void *content)
{
	struct uffdio_copy copy = {
		.dst = (unsigned long)page,
		.src = (unsigned long)content,
		.len = size,
	};

	if (ioctl(uffd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
}

static int open_uffd(void *page, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = {
		.range = { .start = (unsigned long)page, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd;

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &area))
		err(1, "userfaultfd");
	return uffd;
}

/*
 * The device of accel_minimal goes while a caller of accel_test is asleep in an
 * ioctl. It sleeps where the framework cannot know: its argument is in a page
 * that is not there until somebody brings it.
 */
static __u64 unplug_with_other(bool asleep)
{
	size_t size = sysconf(_SC_PAGESIZE);
	struct sleeper sleeper = { .command = ACCEL_TEST_IOC_ADD };
	struct accel_test_words *words;
	struct uffd_msg message;
	__u64 begin, end;
	char *pages;
	int uffd;

	pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		err(1, "mmap");
	words = (struct accel_test_words *)(pages + size);
	words->size = sizeof(*words);
	uffd = open_uffd(pages, size);
	sleeper.words = (struct accel_test_words *)pages;
	load_module("accel_test", "");
	sleeper.fd = open_accel("accel_test.shared", O_RDWR);
	if (asleep) {
		start_sleeper(&sleeper);
		if (read(uffd, &message, sizeof(message)) != sizeof(message))
			err(1, "userfaultfd");
	}

	load_module("accel_minimal", "");
	begin = unload_calmly("accel_minimal");
	end = now_ns();

	if (asleep) {
		copy_page(uffd, pages, size, words);
		join_sleeper(&sleeper, 0);
	}
	close(sleeper.fd);
	close(uffd);
	munmap(pages, 2 * size);
	unload_module("accel_test");
	return end - begin;
}

int main(void)
{
	__u64 idle[TIMES], crowded[TIMES], peer[TIMES], alone[TIMES], beside[TIMES];

	for (int i = 0; i < TIMES; i++) {
		idle[i] = unplug_with_sleepers(0);
		crowded[i] = unplug_with_sleepers(MAX_SLEEPERS);
		peer[i] = unplug_peer();
		alone[i] = unplug_with_other(false);
		beside[i] = unplug_with_other(true);
	}
	print("unplug.0-sleepers", median(idle, TIMES));
	print("unplug.1000-sleepers", median(crowded, TIMES));
	print("unplug.misc", median(peer, TIMES));
	print("unplug.other-awake", median(alone, TIMES));
	print("unplug.other-asleep", median(beside, TIMES));
	return 0;
}
