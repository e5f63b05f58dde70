// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers of accel_test_pci that can be moved.
 */
#include <accel_test_pci.h>

#include "movable.h"
#include "node.h"

int movable_create_in(int fd, __u32 region, __u64 bytes, __u32 flags, __u32 *handle)
{
	struct accel_bo_create arg = {
		.size = sizeof(arg),
		.region = region,
		.bytes = bytes,
		.flags = flags,
	};
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_CREATE, &arg);

	*handle = arg.handle;
	return ret;
}

int movable_create(int fd, __u64 bytes, __u32 *handle)
{
	return movable_create_in(fd, MOVABLE_REGION, bytes, ACCEL_BO_MOVABLE, handle);
}

int movable_region(int fd, __u32 handle)
{
	struct accel_bo_info info = { .size = sizeof(info), .handle = handle };
	int ret = sys_ioctl(fd, ACCEL_IOC_BO_INFO, &info);

	return ret ? ret : (int)info.region;
}

int movable_place(int fd, __u32 handle)
{
	struct accel_test_pci_place arg = { .size = sizeof(arg), .handle = handle };
	int ret = sys_ioctl(fd, ACCEL_TEST_PCI_IOC_PLACE, &arg);

	return ret ? ret : (int)arg.region;
}

int movable_hold(int fd, __u32 handle)
{
	struct accel_test_pci_hold arg = { .size = sizeof(arg), .handle = handle };

	return sys_ioctl(fd, ACCEL_TEST_PCI_IOC_HOLD, &arg);
}

int movable_copies(int fd, __u32 mode)
{
	struct accel_test_pci_copies arg = { .size = sizeof(arg), .mode = mode };
	int ret = sys_ioctl(fd, ACCEL_TEST_PCI_IOC_COPIES, &arg);

	return ret ? ret : (int)arg.count;
}

int movable_one_only(int fd)
{
	struct accel_test_pci_placement arg = {
		.size = sizeof(arg),
		.alignment = page_size(),
		.end = MOVABLE_SIZE,
	};

	return sys_ioctl(fd, ACCEL_TEST_PCI_IOC_WISH, &arg);
}

bool movable_is_all(const unsigned char *memory, unsigned char byte, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (memory[i] != byte)
			return false;
	return true;
}
