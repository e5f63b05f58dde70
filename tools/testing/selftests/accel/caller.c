// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that are asleep in a system call on the node.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "caller.h"

static int call_factorial(struct caller *caller)
{
	return edu_factorial(caller->fd, caller->n, caller->timeout_ms,
			     &caller->result);
}

struct caller factorial_caller(int fd, __u32 n, __u32 timeout_ms)
{
	return (struct caller) {
		.call = call_factorial,
		.syscall_nr = SYS_ioctl,
		.fd = fd,
		.n = n,
		.timeout_ms = timeout_ms,
	};
}

/*
 * By the number of the call: the library may make another one than its function
 * says. Not all architectures have the one of that name.
 */
static int call_poll(struct caller *caller)
{
	struct timespec timeout = {
		.tv_sec = caller->timeout_ms / 1000,
		.tv_nsec = caller->timeout_ms % 1000 * 1000000L,
	};
	struct pollfd poll_fd = { .fd = caller->fd, .events = caller->n };
	long ret = syscall(SYS_ppoll, &poll_fd, 1, &timeout, NULL, 0);

	caller->result = poll_fd.revents;
	return ret < 0 ? -errno : (int)ret;
}

struct caller poll_caller(int fd, __u32 events, __u32 timeout_ms)
{
	return (struct caller) {
		.call = call_poll,
		.syscall_nr = SYS_ppoll,
		.fd = fd,
		.n = events,
		.timeout_ms = timeout_ms,
	};
}

static bool asleep(pid_t tid, long nr)
{
	char dir[32], text[256];
	char *end;

	snprintf(dir, sizeof(dir), "/proc/%d", tid);
	if (read_file(dir, "syscall", text, sizeof(text)))
		return false;
	/* One that is not asleep shows the word "running" instead. */
	return strtol(text, &end, 10) == nr && end != text;
}

int wait_asleep(pid_t tid, long nr, atomic_bool *done)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	int seen = 0;

	/*
	 * Seen once, it may be a short sleep on the way, for a page or a lock.
	 * Several times in a row, it has arrived.
	 */
	while (now_ns() < deadline) {
		seen = asleep(tid, nr) ? seen + 1 : 0;
		if (seen == 5)
			return 0;
		if (done && atomic_load(done))
			return -ECANCELED;
		sleep_ms(2);
	}
	return -ETIMEDOUT;
}

static void *caller_thread(void *arg)
{
	struct caller *caller = arg;
	sigset_t others;
	__u64 start;

	/* Only caller_interrupt() shall interrupt it, not a child that ends. */
	sigfillset(&others);
	sigdelset(&others, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &others, NULL);
	atomic_store(&caller->tid, gettid());
	start = now_ns();
	caller->ret = caller->call(caller);
	caller->elapsed_ns = now_ns() - start;
	atomic_store(&caller->done, true);
	return NULL;
}

int caller_start(struct caller *caller)
{
	int ret;

	/* It may have made its call before. */
	atomic_store(&caller->tid, 0);
	atomic_store(&caller->done, false);
	ret = pthread_create(&caller->thread, NULL, caller_thread, caller);
	if (ret)
		return -ret;
	while (!atomic_load(&caller->tid))
		sleep_ms(1);
	return wait_asleep(atomic_load(&caller->tid), caller->syscall_nr,
			   &caller->done);
}

int caller_join(struct caller *caller)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += TIMEOUT_MS / 1000;
	return -pthread_timedjoin_np(caller->thread, NULL, &deadline);
}

static void nothing(int signal)
{
	(void)signal;
}

int caller_interrupt(struct caller *caller)
{
	/* Without SA_RESTART, so that the system call shows the interruption. */
	struct sigaction action = { .sa_handler = nothing };

	if (sigaction(SIGUSR1, &action, NULL))
		return -errno;
	return -pthread_kill(caller->thread, SIGUSR1);
}
