// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of passthrough: its counter, and its line in the kernel's log.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "passthrough.h"

#define TAINT_USER 6

long passthrough_calls(const struct node *node)
{
	long calls;
	int ret;

	ret = read_number(node->class_dir, "passthrough_calls", &calls);
	return ret ? ret : calls;
}

int passthrough_taint(void)
{
	long taint;
	int ret;

	ret = read_number("/proc/sys/kernel", "tainted", &taint);
	return ret ? ret : taint >> TAINT_USER & 1;
}

int log_open(void)
{
	int fd;

	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || lseek(fd, 0, SEEK_END) < 0)
		return -errno;
	return fd;
}

int log_count(int fd, const char *text)
{
	char line[8192];
	int count = 0;
	ssize_t len;

	/* A record at a time. */
	while ((len = read(fd, line, sizeof(line) - 1)) > 0) {
		line[len] = '\0';
		count += !!strstr(line, text);
	}
	return errno == EAGAIN ? count : -errno;
}
