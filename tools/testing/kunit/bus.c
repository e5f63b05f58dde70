// SPDX-License-Identifier: GPL-2.0
/*
 * What the driver core does with devices on a bus.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/ioport.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/kdev_t.h>
#include <linux/numa.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "bus.h"

/* Returns a child with a reference to it, or NULL. */
struct device *accel_test_child(struct device *dev)
{
	return device_find_any_child(dev);
}

static int is_accelerator(struct device *dev, const void *data)
{
	return dev->class && !strcmp(dev->class->name, "accelerator");
}

/* Returns the minor of the accelerator that a device has, or an error. */
int accel_test_minor(struct device *dev)
{
	struct device *accelerator = device_find_child(dev, NULL, is_accelerator);
	int minor;

	if (!accelerator)
		return -ENODEV;
	minor = MINOR(accelerator->devt);
	put_device(accelerator);
	return minor;
}

/* As writing to "unbind" of the driver does. */
void accel_test_unbind(struct device *dev)
{
	device_release_driver(dev);
}

/* Returns 1 if a driver took the device, 0 if none did, or an error. */
int accel_test_bind(struct device *dev)
{
	return device_attach(dev);
}

/* Lets a device address 1 MiB, other than of coherent memory. */
void accel_test_limit_dma(struct device *dev)
{
	*dev->dma_mask = SZ_1M - 1;
}

/* Returns a new device that has no resources, or an error pointer. */
struct device *accel_test_platform_device(const char *name)
{
	struct platform_device *pdev;

	pdev = platform_device_register_simple(name, PLATFORM_DEVID_AUTO, NULL, 0);
	return IS_ERR(pdev) ? ERR_CAST(pdev) : &pdev->dev;
}

void accel_test_remove_platform_device(struct device *dev)
{
	platform_device_unregister(to_platform_device(dev));
}

/* Numbers that the architecture does not use for interrupts of its own. */
#define FIRST_IRQ 48

/* Makes interrupts that only the tests raise. Returns the first number, or an error. */
int accel_test_alloc_irqs(unsigned int count)
{
	int first = irq_alloc_descs(-1, FIRST_IRQ, count, NUMA_NO_NODE);
	unsigned int i;

	if (first < 0)
		return first;
	for (i = 0; i < count; i++)
		irq_set_chip_and_handler(first + i, &dummy_irq_chip, handle_simple_irq);
	return first;
}

void accel_test_free_irqs(unsigned int first, unsigned int count)
{
	irq_free_descs(first, count);
}

/*
 * Returns a new device with a range of memory, "registers", and one or two
 * interrupts, of which the second is "error"; or an error pointer.
 */
struct device *accel_test_irq_device(const char *name, unsigned int first, unsigned int count)
{
	const struct resource resources[] = {
		DEFINE_RES_MEM_NAMED(SZ_1T, SZ_64K, "registers"),
		DEFINE_RES_IRQ(first),
		DEFINE_RES_IRQ_NAMED(first + 1, "error"),
	};
	struct platform_device *pdev;

	pdev = platform_device_register_simple(name, PLATFORM_DEVID_AUTO, resources, 1 + count);
	return IS_ERR(pdev) ? ERR_CAST(pdev) : &pdev->dev;
}

void accel_test_raise_irq(unsigned int irq)
{
	generic_handle_irq_safe(irq);
}

bool accel_test_irq_is_disabled(unsigned int irq)
{
	return irqd_irq_disabled(irq_get_irq_data(irq));
}
