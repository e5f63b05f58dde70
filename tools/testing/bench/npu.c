// SPDX-License-Identifier: GPL-2.0
/*
 * What a job costs with accel_npu, until the device has it: the ioctl that submits it,
 * to the doorbell and back. The device of tools/npu is a program outside of the guest,
 * so nothing of what it does is counted; nor is the interrupt that ends a job.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <accel/npu.h>
#include "bench.h"

#define DEVICES "/sys/bus/pci/drivers/accel_npu/0*/accelerator/accel*"
#define SIZE 65536
#define BUFFERS 2
#define BATCH 50
#define BATCHES 41
#define COPY 1
/* So many milliseconds for each command. */
#define SLOW "slow 2\n"

/*
 * The clock shows instructions, and is put forward while there are none to execute: to
 * the end of the time that the device has for an answer. So there always are some.
 */
static void keep_busy(void)
{
	const struct sched_param none = {};
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sched_setscheduler(0, SCHED_IDLE, &none))
		err(1, "SCHED_IDLE");
	for (;;)
		asm volatile ("pause");
}

/* A job ends after the ioctl, so that the interrupt is no part of that. */
static void slow_down(void)
{
	int port = open("/dev/virtio-ports/npu0", O_RDWR | O_CLOEXEC);
	char answer[3];

	if (port < 0 || write(port, SLOW, strlen(SLOW)) < 0 ||
	    read(port, answer, sizeof(answer)) < 0)
		err(1, "the device takes no orders");
	close(port);
}

static int open_npu(void)
{
	char path[64];
	glob_t found;
	int fd;

	load_module("accel_npu", "");
	if (glob(DEVICES, 0, NULL, &found))
		errx(1, "accel_npu has no device");
	snprintf(path, sizeof(path), "/dev/accelerator/%s", strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* Creates a buffer, and maps it where its number says. */
static __u32 add_buffer(int fd, unsigned int number)
{
	struct accel_bo_create create = { .size = sizeof(create), .bytes = SIZE };
	struct accel_npu_map map = {
		.size = sizeof(map),
		.flags = ACCEL_NPU_WRITE,
		.address = number * SIZE,
		.len = SIZE,
	};

	if (ioctl(fd, ACCEL_IOC_BO_CREATE, &create))
		err(1, "ACCEL_IOC_BO_CREATE");
	map.handle = create.handle;
	if (ioctl(fd, ACCEL_NPU_IOC_MAP, &map))
		err(1, "ACCEL_NPU_IOC_MAP");
	return create.handle;
}

/* Waits until a job is done, so that the next finds an idle device. */
static void await(int fd, __u64 job)
{
	struct accel_npu_wait wait = { .size = sizeof(wait), .timeout_ms = 60000, .job = job };

	if (ioctl(fd, ACCEL_NPU_IOC_WAIT, &wait))
		err(1, "ACCEL_NPU_IOC_WAIT");
	if (wait.error)
		errx(1, "a job ends with %d", wait.error);
}

/* Submits so many jobs, one after the other, and returns how long the ioctls took. */
static __u64 submit_batch(int fd, const struct accel_npu_submit *args)
{
	__u64 took = 0;

	for (int i = 0; i < BATCH; i++) {
		struct accel_npu_submit submit = *args;
		__u64 start = now_ns();

		if (ioctl(fd, ACCEL_NPU_IOC_SUBMIT, &submit))
			err(1, "ACCEL_NPU_IOC_SUBMIT");
		took += now_ns() - start;
		await(fd, submit.job);
	}
	return took;
}

static void measure_submit(const char *name, int fd, const struct accel_npu_submit *args)
{
	__u64 batches[BATCHES], empty[BATCHES];

	/* Until all places of the ring are in use. */
	submit_batch(fd, args);
	submit_batch(fd, args);
	for (int i = 0; i < BATCHES; i++) {
		batches[i] = submit_batch(fd, args);
		empty[i] = 0;
		for (int j = 0; j < BATCH; j++) {
			__u64 start = now_ns();

			empty[i] += now_ns() - start;
		}
	}
	print(name, (double)(median(batches, BATCHES) - median(empty, BATCHES)) / BATCH);
}

int main(void)
{
	struct accel_npu_open open = { .size = sizeof(open) };
	struct accel_npu_command copy = {
		.code = COPY, .source = 0, .destination = SIZE, .length = 64,
	};
	struct accel_npu_access accesses[BUFFERS] = {};
	struct accel_npu_submit submit = {
		.size = sizeof(submit),
		.commands_ptr = (uintptr_t)&copy,
		.commands_count = 1,
		.accesses_ptr = (uintptr_t)accesses,
	};
	int fd;

	keep_busy();
	fd = open_npu();
	slow_down();
	if (ioctl(fd, ACCEL_NPU_IOC_OPEN, &open))
		err(1, "ACCEL_NPU_IOC_OPEN");
	for (int i = 0; i < BUFFERS; i++)
		accesses[i].handle = add_buffer(fd, i);
	accesses[1].flags = ACCEL_NPU_WRITE;

	measure_submit("npu-submit.accel", fd, &submit);
	submit.accesses_count = BUFFERS;
	measure_submit("npu-submit-in-out.accel", fd, &submit);
	close(fd);
	unload_module("accel_npu");
	return 0;
}
