// SPDX-License-Identifier: GPL-2.0
/*
 * Users of the accelerator in software.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "sim.h"
#include "test_node.h"

int sim_find(struct node *node, int number)
{
	memset(node, 0, sizeof(*node));
	snprintf(node->device_dir, sizeof(node->device_dir),
		 "/sys/devices/faux/" SIM_DRIVER ".%d", number);
	return node_lookup(node);
}

int sim_open(struct sim_user *user, const struct node *node)
{
	int i, ret = 0;

	user->fd = test_open(node, O_RDWR);
	if (user->fd < 0)
		return user->fd;
	for (i = 0; i < 3 && !ret; i++) {
		ret = buffer_create(user->fd, SIM_SIZE, &user->handle[i], NULL);
		if (!ret)
			ret = buffer_map(user->fd, user->handle[i], SIM_SIZE, &user->memory[i]);
	}
	return ret;
}

void sim_close(struct sim_user *user)
{
	/* A mapping keeps the file open. */
	for (int i = 0; i < 3; i++)
		munmap(user->memory[i], SIM_SIZE);
	close(user->fd);
	user->fd = -1;
}

struct accel_sim_submit sim_job(const struct sim_user *user, __u32 op, __u32 n)
{
	return (struct accel_sim_submit) {
		.size = sizeof(struct accel_sim_submit),
		.op = op,
		.a.handle = user->handle[0],
		.b.handle = user->handle[1],
		.result.handle = user->handle[2],
		.n = n,
	};
}

int sim_submit(const struct sim_user *user, struct accel_sim_submit *job)
{
	return sys_ioctl(user->fd, ACCEL_SIM_IOC_SUBMIT, job);
}

int sim_submit_fenced(const struct sim_user *user, int in_fence, struct accel_sim_submit *job)
{
	*job = sim_job(user, ACCEL_SIM_ADD, 1);
	job->flags = ACCEL_SIM_OUT_FENCE;
	if (in_fence >= 0) {
		job->flags |= ACCEL_SIM_IN_FENCE;
		job->in_fence = in_fence;
	}
	return sim_submit(user, job);
}

int sim_wait(const struct sim_user *user, __u64 job, __u32 timeout_ms, int *error)
{
	struct accel_sim_wait arg = { .size = sizeof(arg), .job = job, .timeout_ms = timeout_ms };
	int ret = sys_ioctl(user->fd, ACCEL_SIM_IOC_WAIT, &arg);

	if (error)
		*error = arg.error;
	return ret;
}

int sim_run(const struct sim_user *user, struct accel_sim_submit *job)
{
	int error, ret;

	ret = sim_submit(user, job);
	if (!ret)
		ret = sim_wait(user, job->job, TIMEOUT_MS, &error);
	return ret ? ret : error;
}

int sim_poll(const struct sim_user *user, int timeout_ms)
{
	struct pollfd pollfd = { .fd = user->fd, .events = POLLIN };
	int ret = poll(&pollfd, 1, timeout_ms);

	return ret < 0 ? -errno : pollfd.revents;
}
