// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ioctl_abi.h"
#include "node.h"

static void fill_info(void *memory)
{
	struct accel_info info = { .topic = ACCEL_INFO_DRIVER };

	memcpy(memory, &info, sizeof(info));
}

static bool info_answered(const void *memory)
{
	struct accel_info info;

	memcpy(&info, memory, sizeof(info));
	return info.record_size == sizeof(struct accel_info_driver) &&
	       info.data_len == sizeof(struct accel_info_driver) && !info.count;
}

const struct ioctl_abi info_abi = {
	.command = ACCEL_IOC_INFO,
	.size = sizeof(struct accel_info),
	.min_size = 40,
	.zero = {
		offsetof(struct accel_info, flags),
		offsetof(struct accel_info, count),
	},
	.fill = fill_info,
	.answered = info_answered,
};

static void fill_factorial(void *memory)
{
	struct accel_edu_factorial factorial = { .n = 5, .timeout_ms = TIMEOUT_MS };

	memcpy(memory, &factorial, sizeof(factorial));
}

static bool factorial_answered(const void *memory)
{
	struct accel_edu_factorial factorial;

	memcpy(&factorial, memory, sizeof(factorial));
	return factorial.result == 120;
}

const struct ioctl_abi edu_factorial_abi = {
	.command = ACCEL_EDU_IOC_FACTORIAL,
	.size = sizeof(struct accel_edu_factorial),
	.min_size = 24,
	.zero = { offsetof(struct accel_edu_factorial, result) },
	.fill = fill_factorial,
	.answered = factorial_answered,
};

static void fill_liveness(void *memory)
{
	struct accel_edu_liveness liveness = { .value = 0x12345678 };

	memcpy(memory, &liveness, sizeof(liveness));
}

static bool liveness_answered(const void *memory)
{
	struct accel_edu_liveness liveness;

	memcpy(&liveness, memory, sizeof(liveness));
	return liveness.reply == ~0x12345678U;
}

const struct ioctl_abi edu_liveness_abi = {
	.command = ACCEL_EDU_IOC_LIVENESS,
	.size = sizeof(struct accel_edu_liveness),
	.min_size = 16,
	.zero = {
		offsetof(struct accel_edu_liveness, reply),
		offsetof(struct accel_edu_liveness, reserved),
	},
	.fill = fill_liveness,
	.answered = liveness_answered,
};

#ifdef __x86_64__
int compat_ioctl(int fd, unsigned int command, void *arg)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a" (ret)
		     : "a" (54), "b" (fd), "c" (command), "d" (arg)
		     : "memory", "cc", "r8", "r9", "r10", "r11");
	return ret;
}

static void no_compat(int signal)
{
	(void)signal;
	_exit(1);
}

/*
 * A kernel without that entry sends SIGSEGV, which is caught, since it would
 * otherwise be reported in the kernel's log.
 */
bool has_compat(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		signal(SIGSEGV, no_compat);
		compat_ioctl(-1, 0, NULL);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && !status;
}
#endif
