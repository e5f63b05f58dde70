// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration space of the device that a node is on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "pci_config.h"

/* Where the command register is. */
#define COMMAND 4

static int open_config(const struct node *node)
{
	char path[PATH_MAX + 16];
	int fd;

	snprintf(path, sizeof(path), "%s/config", node->device_dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int pci_command(const struct node *node)
{
	int fd = open_config(node);
	__u16 command;
	ssize_t done;

	if (fd < 0)
		return fd;
	done = pread(fd, &command, sizeof(command), COMMAND);
	close(fd);
	return done == sizeof(command) ? command : -EIO;
}

int pci_set_command(const struct node *node, __u16 command)
{
	int fd = open_config(node);
	ssize_t done;

	if (fd < 0)
		return fd;
	done = pwrite(fd, &command, sizeof(command), COMMAND);
	close(fd);
	return done == sizeof(command) ? 0 : -EIO;
}

int pci_hide(const struct node *node)
{
	int command = pci_command(node);

	return command < 0 ? command : pci_set_command(node, command & ~PCI_MEMORY);
}

int pci_show(const struct node *node)
{
	int command = pci_command(node);

	return command < 0 ? command : pci_set_command(node, command | PCI_MEMORY);
}
