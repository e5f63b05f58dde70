// SPDX-License-Identifier: GPL-2.0
/*
 * Nodes of any driver, and what they say of themselves.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "subject.h"
#include "test_node.h"

static int named_nodes(struct node *nodes, int max, const char *paths)
{
	char *text = strdup(paths), *rest, *path;
	int count = 0, ret = 0;

	if (!text)
		return -ENOMEM;
	for (path = strtok_r(text, " ", &rest); path && !ret; path = strtok_r(NULL, " ", &rest)) {
		if (count == max)
			ret = -E2BIG;
		else
			ret = node_at(&nodes[count++], path);
	}
	free(text);
	return ret ? ret : count;
}

/* There may be other things, by rules of udev. */
static int is_node(const struct dirent *entry)
{
	unsigned int minor;
	char rest;

	return sscanf(entry->d_name, "accel%u%c", &minor, &rest) == 1;
}

static int all_nodes(struct node *nodes, int max)
{
	char path[PATH_MAX];
	struct dirent **names;
	int count = 0, ret = 0;
	int i, found;

	found = scandir(DEV_DIR, &names, is_node, versionsort);
	if (found < 0)
		return -errno;
	for (i = 0; i < found; i++) {
		snprintf(path, sizeof(path), DEV_DIR "/%s", names[i]->d_name);
		if (!ret)
			ret = count < max ? node_at(&nodes[count++], path) : -E2BIG;
		free(names[i]);
	}
	free(names);
	if (ret)
		return ret;
	return count ? count : -ENOENT;
}

int subjects_find(struct node *nodes, int max)
{
	const char *paths = getenv("ACCEL_CONFORMANCE");

	return paths ? named_nodes(nodes, max, paths) : all_nodes(nodes, max);
}

int subject_open(struct subject *subject, const struct node *node)
{
	int ret;

	subject->node = *node;
	subject->observer = test_open(node, O_RDONLY);
	if (subject->observer < 0)
		return subject->observer;
	ret = info_read(subject->observer, ACCEL_INFO_DRIVER, &subject->driver,
			sizeof(subject->driver), 1);
	if (ret != 1)
		return ret < 0 ? ret : -EBADMSG;
	subject->driver.name[sizeof(subject->driver.name) - 1] = '\0';
	ret = info_read(subject->observer, ACCEL_INFO_UAPI, subject->ioctls,
			sizeof(*subject->ioctls), IOCTLS_MAX);
	if (ret < 0)
		return ret;
	subject->ioctl_count = ret;
	return 0;
}

const struct accel_info_ioctl *subject_ioctl(const struct subject *subject, unsigned int command)
{
	int i;

	for (i = 0; i < subject->ioctl_count; i++) {
		if (subject->ioctls[i].command == command)
			return &subject->ioctls[i];
	}
	return NULL;
}

void *subject_records(const struct subject *subject, unsigned int topic, __u32 record_size,
		      int *count)
{
	struct accel_info info = {
		.size = sizeof(info),
		.topic = topic,
		.record_size = record_size,
	};
	void *records;

	if (sys_ioctl(subject->observer, ACCEL_IOC_INFO, &info))
		return NULL;
	/* There may be none. */
	records = calloc(1, info.data_len + 1);
	if (!records)
		return NULL;
	*count = info_read(subject->observer, topic, records, record_size,
			   info.data_len / record_size);
	if (*count < 0) {
		free(records);
		return NULL;
	}
	return records;
}
