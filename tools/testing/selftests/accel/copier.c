// SPDX-License-Identifier: GPL-2.0
/*
 * Copies by the edu device, of which each is looked at.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer.h"
#include "copier.h"
#include "test_node.h"

/* As much as the device copies at a time. */
#define LEN 4096

int copier_open(struct copier *copier, const struct node *node)
{
	void *memory[2];
	int i, ret;

	memset(copier, 0, sizeof(*copier));
	copier->fd = test_open(node, O_RDWR);
	if (copier->fd < 0)
		return copier->fd;
	for (i = 0; i < 2; i++) {
		ret = buffer_create(copier->fd, LEN, &copier->handles[i], NULL);
		if (!ret)
			ret = buffer_map(copier->fd, copier->handles[i], LEN, &memory[i]);
		if (ret)
			return ret;
	}
	copier->source = memory[0];
	copier->target = memory[1];
	return 0;
}

int copier_copy(struct copier *copier)
{
	int ret;

	copier->round++;
	memset(copier->source, copier->round, LEN);
	memset(copier->target, ~copier->round, LEN);
	ret = edu_copy(copier->fd, copier->handles[0], 0, copier->handles[1], 0, LEN,
		       TIMEOUT_MS);
	if (ret)
		return ret;
	return memcmp(copier->source, copier->target, LEN) ? -EILSEQ : 0;
}

void copier_close(struct copier *copier)
{
	munmap(copier->source, LEN);
	munmap(copier->target, LEN);
	close(copier->fd);
}
