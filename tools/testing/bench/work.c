// SPDX-License-Identifier: GPL-2.0
/*
 * What it takes to count a piece of work, from its begin to its end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <accel/accel.h>
#include "../driver/accel_test.h"
#include "bench.h"

/* Their difference is without the system call around them. */
#define FEW 20
#define MANY 60

static int run_often(const struct operation *operation)
{
	return ioctl(operation->fd, operation->command, operation->arg) ? -errno : 0;
}

static double cost_of_many(int fd, __u32 count, __u32 what)
{
	struct accel_test_words words = { .size = sizeof(words), .a = count, .b = what };
	const struct operation operation = {
		"work", run_often, fd, NULL, ACCEL_TEST_IOC_WORK_OFTEN, &words, 0
	};

	return cost_of(&operation);
}

static void measure_each(const char *name, int fd, __u32 what)
{
	double few = cost_of_many(fd, FEW, what), many = cost_of_many(fd, MANY, what);

	print(name, (many - few) / (MANY - FEW));
}

int main(void)
{
	int fd;

	load_module("accel_test", "");
	fd = open_accel("accel_test.shared", O_RDWR);
	measure_each("work-begin-end.accel", fd, ACCEL_TEST_BEGIN_AND_END);
	measure_each("work-count.accel", fd, ACCEL_TEST_COUNT);
	measure_each("clock-twice.accel", fd, ACCEL_TEST_READ_CLOCK);
	close(fd);
	unload_module("accel_test");
	return 0;
}
