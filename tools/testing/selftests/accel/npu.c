// SPDX-License-Identifier: GPL-2.0
/*
 * Users of the device of tools/npu.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "npu.h"
#include "test_node.h"

/* Rows, inner and columns of the product. */
#define ROWS 21
#define INNER 34
#define COLUMNS 13
/* Where the second matrix is in the buffer. */
#define SECOND 0x1000

static int find(const char *variable, struct node *node)
{
	const char *address = getenv(variable);
	char path[PATH_MAX];

	memset(node, 0, sizeof(*node));
	if (!address)
		return -ENOENT;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", address);
	if (!realpath(path, node->device_dir))
		return -errno;
	snprintf(node->driver_dir, sizeof(node->driver_dir), "/sys/bus/pci/drivers/" NPU_DRIVER);
	return node_lookup(node);
}

int npu_find(struct node *node)
{
	return find("ACCEL_NPU", node);
}

int npu_find_peer(struct node *node)
{
	return find("ACCEL_NPU_PEER", node);
}

static int ask(char *answer, size_t size, const char *order)
{
	const char *path = getenv("ACCEL_NPU_CONTROL");
	size_t len = 0;
	int fd, ret = 0;

	if (!path)
		return -ENOENT;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%s\n", order) < 0)
		ret = -errno;
	while (!ret && len + 1 < size && (!len || answer[len - 1] != '\n')) {
		if (read(fd, answer + len, 1) == 1)
			len++;
		else
			ret = errno ? -errno : -EPIPE;
	}
	answer[len] = '\0';
	close(fd);
	return ret;
}

int npu_order(const char *format, ...)
{
	char order[128], answer[256];
	va_list list;
	int ret;

	va_start(list, format);
	vsnprintf(order, sizeof(order), format, list);
	va_end(list);
	ret = ask(answer, sizeof(answer), order);
	if (!ret && strcmp(answer, "ok\n"))
		ret = -EINVAL;
	return ret;
}

int npu_await(const char *text)
{
	char answer[256];
	int ret = 0;

	for (int ms = 0; !ret && ms < TIMEOUT_MS; ms += 10) {
		ret = ask(answer, sizeof(answer), "status");
		if (!ret && strstr(answer, text))
			return 0;
		sleep_ms(10);
	}
	return ret ? ret : -ETIMEDOUT;
}

int npu_open_context(struct npu_user *user)
{
	struct accel_npu_open open = { .size = sizeof(open) };
	int ret = sys_ioctl(user->fd, ACCEL_NPU_IOC_OPEN, &open);

	user->context = open.context;
	return ret;
}

int npu_map(const struct npu_user *user, __u32 handle, __u64 address, __u64 len)
{
	struct accel_npu_map map = {
		.size = sizeof(map),
		.handle = handle,
		.flags = ACCEL_NPU_WRITE,
		.address = address,
		.len = len,
	};

	return sys_ioctl(user->fd, ACCEL_NPU_IOC_MAP, &map);
}

int npu_unmap(const struct npu_user *user, __u64 address)
{
	struct accel_npu_unmap unmap = { .size = sizeof(unmap), .address = address };

	return sys_ioctl(user->fd, ACCEL_NPU_IOC_UNMAP, &unmap);
}

int npu_open(struct npu_user *user, const struct node *node)
{
	void *memory;
	int ret;

	user->memory = MAP_FAILED;
	user->fd = test_open(node, O_RDWR);
	if (user->fd < 0)
		return user->fd;
	ret = npu_open_context(user);
	if (!ret)
		ret = buffer_create(user->fd, NPU_SIZE, &user->handle, NULL);
	if (!ret)
		ret = buffer_map(user->fd, user->handle, NPU_SIZE, &memory);
	if (!ret)
		user->memory = memory;
	if (!ret)
		ret = npu_map(user, user->handle, NPU_AT, NPU_SIZE);
	if (ret)
		npu_close(user);
	return ret;
}

void npu_close(struct npu_user *user)
{
	/* A mapping keeps the file open. */
	if (user->memory != MAP_FAILED)
		munmap(user->memory, NPU_SIZE);
	user->memory = MAP_FAILED;
	if (user->fd >= 0)
		close(user->fd);
	user->fd = -1;
}

struct accel_npu_command npu_fill(__u64 destination, __u32 length, __u32 word)
{
	return (struct accel_npu_command) {
		.code = NPU_FILL,
		.destination = destination,
		.length = length,
		.parameter = word,
	};
}

struct accel_npu_command npu_product(const struct npu_user *user, unsigned int seed)
{
	for (int i = 0; i < ROWS * INNER; i++)
		user->memory[i] = rand_r(&seed);
	for (int i = 0; i < INNER * COLUMNS; i++)
		user->memory[SECOND + i] = rand_r(&seed);
	memset(user->memory + NPU_RESULT, 0x55, ROWS * COLUMNS * sizeof(__s32));
	return (struct accel_npu_command) {
		.code = NPU_MATMUL,
		.source = NPU_AT,
		.second = NPU_AT + SECOND,
		.destination = NPU_AT + NPU_RESULT,
		.rows = ROWS,
		.inner = INNER,
		.columns = COLUMNS,
	};
}

bool npu_check_product(const struct npu_user *user)
{
	const signed char *a = (const signed char *)user->memory;
	const signed char *b = a + SECOND;
	const __s32 *result = (const __s32 *)(user->memory + NPU_RESULT);

	for (int row = 0; row < ROWS; row++) {
		for (int column = 0; column < COLUMNS; column++) {
			__s32 sum = 0;

			for (int i = 0; i < INNER; i++)
				sum += a[row * INNER + i] * b[i * COLUMNS + column];
			if (result[row * COLUMNS + column] != sum)
				return false;
		}
	}
	return true;
}

int npu_submit_with(const struct npu_user *user, const struct accel_npu_command *commands,
		    unsigned int count, struct accel_npu_submit *args)
{
	args->size = sizeof(*args);
	args->commands_ptr = (__u64)(unsigned long)commands;
	args->commands_count = count;
	return sys_ioctl(user->fd, ACCEL_NPU_IOC_SUBMIT, args);
}

int npu_submit(const struct npu_user *user, const struct accel_npu_command *commands,
	       unsigned int count, __u32 timeout_ms, __u64 *job)
{
	struct accel_npu_submit args = { .timeout_ms = timeout_ms };
	int ret = npu_submit_with(user, commands, count, &args);

	*job = args.job;
	return ret;
}

int npu_wait(const struct npu_user *user, __u64 job, __u32 timeout_ms,
	     struct accel_npu_wait *result)
{
	struct accel_npu_wait args = {
		.size = sizeof(args),
		.job = job,
		.timeout_ms = timeout_ms,
	};
	int ret = sys_ioctl(user->fd, ACCEL_NPU_IOC_WAIT, &args);

	if (result)
		*result = args;
	return ret;
}

int npu_run(const struct npu_user *user, const struct accel_npu_command *command)
{
	struct accel_npu_wait result;
	__u64 job;
	int ret;

	ret = npu_submit(user, command, 1, 0, &job);
	if (!ret)
		ret = npu_wait(user, job, TIMEOUT_MS, &result);
	return ret ? ret : result.error;
}

int npu_compute(const struct npu_user *user, unsigned int seed)
{
	struct accel_npu_command command = npu_product(user, seed);
	int ret = npu_run(user, &command);

	if (!ret && !npu_check_product(user))
		ret = -EILSEQ;
	return ret;
}

int npu_counters(int fd, struct accel_npu_counters *counters)
{
	int ret = info_read(fd, ACCEL_NPU_INFO_COUNTERS, counters, sizeof(*counters), 1);

	return ret < 0 ? ret : ret == 1 ? 0 : -EIO;
}
