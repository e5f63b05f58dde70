// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that wait for a device in each of the ways that there are.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "caller.h"
#include "events.h"
#include "timelines.h"
#include "waits.h"

#define JOB 7

static int open_both(struct waiting *waiting)
{
	waiting->fd = test_open(&waiting->node, O_RDWR);
	if (waiting->fd < 0)
		return waiting->fd;
	waiting->other = test_open(&waiting->node, O_RDWR);
	return waiting->other < 0 ? waiting->other : 0;
}

static int make(struct waiting *waiting, enum wait_kind kind)
{
	memset(waiting, 0, sizeof(*waiting));
	waiting->kind = kind;
	waiting->fd = -1;
	waiting->other = -1;
	waiting->result = mmap(NULL, sizeof(*waiting->result), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return waiting->result == MAP_FAILED ? -errno : 0;
}

int waiting_open_job(struct waiting *waiting, const struct node *node)
{
	struct accel_test_wait now = { .size = sizeof(now), .job = JOB };
	int ret;

	ret = make(waiting, WAIT_JOB);
	if (ret)
		return ret;
	waiting->node = *node;
	ret = open_both(waiting);
	/* How often it was done so far can be asked when it was done once. */
	if (!ret)
		ret = test_call(waiting->other, ACCEL_TEST_IOC_END_JOB, JOB, 0, NULL);
	if (!ret)
		ret = sys_ioctl(waiting->other, ACCEL_TEST_IOC_WAIT_JOB, &now);
	waiting->job = JOB;
	waiting->times = now.times;
	return ret;
}

static int open_fence(struct waiting *waiting)
{
	struct accel_sim_submit job;
	int ret;

	ret = sim_find(&waiting->node, 0);
	if (!ret)
		ret = foreign_make(&waiting->fence);
	if (!ret)
		ret = sim_open(&waiting->user, &waiting->node);
	if (!ret)
		ret = sim_submit_fenced(&waiting->user, waiting->fence.fd, &job);
	if (!ret) {
		close(job.out_fence);
		waiting->fd = waiting->user.fd;
		waiting->job = job.job;
	}
	return ret;
}

/* Both files have it. */
static int open_timeline(struct waiting *waiting)
{
	__u32 handle = 0, other;
	int ret, fd;

	ret = timeline_create(waiting->fd, 0, &handle);
	if (ret)
		return ret;
	fd = timeline_export(waiting->fd, handle, O_CLOEXEC);
	if (fd < 0)
		return fd;
	ret = timeline_import(waiting->other, fd, &other);
	close(fd);
	waiting->job = handle;
	return ret ? ret : handle == other ? 0 : -EXDEV;
}

int waiting_open(struct waiting *waiting, enum wait_kind kind)
{
	struct node node;
	int ret;

	if (kind == WAIT_FENCE) {
		ret = make(waiting, kind);
		return ret ? ret : open_fence(waiting);
	}
	ret = test_node_find(&node, "shared");
	if (ret)
		return ret;
	ret = waiting_open_job(waiting, &node);
	waiting->kind = kind;
	if (!ret && (kind == WAIT_TIMELINE || kind == WAIT_SUBMIT))
		ret = open_timeline(waiting);
	if (!ret && kind == WAIT_EVENT)
		ret = events_subscribe(waiting->fd, ACCEL_EVENT_CLASS_DRIVER, -1);
	if (!ret && kind == WAIT_RESET) {
		/* One of the administrator's, after which as many may follow as ever. */
		ret = admin_reset(&waiting->node, "force");
		if (!ret)
			ret = test_set_reset(waiting->other, false, 4 * TIMEOUT_MS);
		if (!ret)
			ret = test_call(waiting->other, ACCEL_TEST_IOC_RESET, 0, 0, NULL);
		if (!ret)
			ret = wait_state(waiting->other, ACCEL_STATE_RESETTING);
	}
	return ret;
}

void waiting_close(struct waiting *waiting)
{
	if (waiting->kind == WAIT_FENCE) {
		foreign_close(&waiting->fence);
		sim_close(&waiting->user);
	} else {
		close(waiting->fd);
		close(waiting->other);
	}
	munmap(waiting->result, sizeof(*waiting->result));
}

static int call_job(struct waiting *waiting, __u32 timeout_ms)
{
	struct accel_test_wait arg = {
		.size = sizeof(arg),
		.timeout_ms = timeout_ms,
		.deadline_ns = waiting->deadline_ns,
		.job = waiting->job,
		.times = waiting->times,
	};
	int ret = sys_ioctl(waiting->fd, ACCEL_TEST_IOC_WAIT_JOB, &arg);

	waiting->result->deadline_ns = arg.deadline_ns;
	return ret;
}

static int call_fence(struct waiting *waiting, __u32 timeout_ms)
{
	struct accel_sim_wait arg = {
		.size = sizeof(arg),
		.timeout_ms = timeout_ms,
		.deadline_ns = waiting->deadline_ns,
		.job = waiting->job,
	};
	int ret = sys_ioctl(waiting->fd, ACCEL_SIM_IOC_WAIT, &arg);

	waiting->result->deadline_ns = arg.deadline_ns;
	return ret;
}

static int call_timeline(struct waiting *waiting, __u32 timeout_ms)
{
	struct accel_timeline_point point = { .handle = waiting->job, .point = 1 };
	struct accel_timeline_wait arg = {
		.size = sizeof(arg),
		.points_ptr = (uintptr_t)&point,
		.count = 1,
		.timeout_ms = timeout_ms,
		.deadline_ns = waiting->deadline_ns,
	};
	int ret = sys_ioctl(waiting->fd, ACCEL_IOC_TIMELINE_WAIT, &arg);

	waiting->result->deadline_ns = arg.deadline_ns;
	return ret;
}

static int call_submit(struct waiting *waiting, __u32 timeout_ms)
{
	struct accel_test_submit arg = {
		.size = sizeof(arg),
		.in_timeline = waiting->job,
		.in_point = 1,
		.timeout_ms = timeout_ms,
		.deadline_ns = waiting->deadline_ns,
	};
	int ret = sys_ioctl(waiting->fd, ACCEL_TEST_IOC_SUBMIT, &arg);

	waiting->result->deadline_ns = arg.deadline_ns;
	return ret;
}

int waiting_call(struct waiting *waiting, __u32 timeout_ms)
{
	struct accel_event event;
	int ret;

	switch (waiting->kind) {
	case WAIT_JOB:
		return call_job(waiting, timeout_ms);
	case WAIT_FENCE:
		return call_fence(waiting, timeout_ms);
	case WAIT_EVENT:
		ret = events_read(waiting->fd, &event, 1);
		return ret == 1 ? 0 : ret;
	case WAIT_RESET:
		return test_call(waiting->fd, ACCEL_TEST_IOC_ADD, 1, 2, NULL);
	case WAIT_TIMELINE:
		return call_timeline(waiting, timeout_ms);
	case WAIT_SUBMIT:
		return call_submit(waiting, timeout_ms);
	}
	return -EINVAL;
}

int waiting_start(struct waiting *waiting, int (*prepare)(struct waiting *waiting, void *arg),
		  void *arg)
{
	struct wait_result *result = waiting->result;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		result->ret = prepare ? prepare(waiting, arg) : 0;
		if (!result->ret)
			result->ret = waiting_call(waiting, 4 * TIMEOUT_MS);
		atomic_store(&result->done, true);
		_exit(0);
	}
	/* Not by the child, too: the memory may be shared with it. */
	waiting->pid = pid;
	return waiting_asleep(waiting);
}

int waiting_asleep(struct waiting *waiting)
{
	long nr = waiting->kind == WAIT_EVENT ? SYS_read : SYS_ioctl;

	return wait_asleep(waiting->pid, nr, &waiting->result->done);
}

int waiting_end(struct waiting *waiting)
{
	switch (waiting->kind) {
	case WAIT_JOB:
		return test_call(waiting->other, ACCEL_TEST_IOC_END_JOB, JOB, 0, NULL);
	case WAIT_FENCE:
		return foreign_signal(&waiting->fence);
	case WAIT_EVENT:
		return test_call(waiting->other, ACCEL_TEST_IOC_SEND, 0, 1, NULL);
	case WAIT_RESET:
		return test_set_reset(waiting->other, false, 0);
	case WAIT_TIMELINE:
	case WAIT_SUBMIT:
		return timeline_signal(waiting->other, waiting->job, 1);
	}
	return -EINVAL;
}

int waiting_join(struct waiting *waiting)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	int status, ret;

	while (!(ret = waitpid(waiting->pid, &status, WNOHANG)) && now_ns() < deadline)
		sleep_ms(1);
	if (ret != waiting->pid) {
		kill(waiting->pid, SIGKILL);
		waitpid(waiting->pid, &status, 0);
		return -ETIMEDOUT;
	}
	return status ? -ECHILD : waiting->result->ret;
}
