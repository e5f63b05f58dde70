// SPDX-License-Identifier: GPL-2.0
/*
 * An edu device with fewer bits of address than its driver is told: DMA would go
 * to the memory of somebody else. For a machine that has one, at @ADDRESS.
 */
#include <unistd.h>

#include "harness.h"
#include "pci_config.h"

#define ADDRESS "0000:00:12.0"
#define DEVICE_DIR "/sys/bus/pci/devices/" ADDRESS
#define DRIVER_DIR "/sys/bus/pci/drivers/" EDU_DRIVER

TEST(is_refused)
{
	struct node node = { .device_dir = DEVICE_DIR };
	long device, count;

	if (!setup_root(_metadata))
		return;
	ASSERT_EQ(0, read_number(DEVICE_DIR, "device", &device))
		TH_LOG("there is no device " ADDRESS);
	ASSERT_EQ(EDU_DEVICE, device);
	EXPECT_EQ(-1, access(DEVICE_DIR "/driver", F_OK));
	EXPECT_EQ(-EIO, write_file(DRIVER_DIR, "bind", ADDRESS));
	EXPECT_EQ(-1, access(DEVICE_DIR "/driver", F_OK));

	/* Of the probe that has failed, nothing is left. */
	EXPECT_EQ(0, pci_command(&node) & PCI_MASTER);
	ASSERT_EQ(0, read_number(DEVICE_DIR, "enable", &count));
	EXPECT_EQ(0, count);
}

TEST_HARNESS_MAIN
