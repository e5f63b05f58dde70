// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's power management, as far as it is inline, or not there without
 * CONFIG_PM.
 */
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include "power.h"

/* The device is awake, and gets a reference. */
void accel_power_start(struct device *dev, int autosuspend_ms)
{
	pm_runtime_get_noresume(dev);
	/* If this fails, its first use wakes the parent. */
	pm_runtime_set_active(dev);
	pm_runtime_set_autosuspend_delay(dev, autosuspend_ms);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_enable(dev);
}

void accel_power_stop(struct device *dev)
{
	pm_runtime_disable(dev);
	pm_runtime_set_suspended(dev);
}

bool accel_power_get_if_active(struct device *dev)
{
	return pm_runtime_get_if_active(dev) > 0;
}

/* Unless it fails, the device gets a reference. */
int accel_power_wake(struct device *dev)
{
	return pm_runtime_resume_and_get(dev);
}

void accel_power_request(struct device *dev)
{
	pm_request_resume(dev);
}

/* May be called in any context. */
void accel_power_put(struct device *dev)
{
	pm_runtime_put_autosuspend(dev);
}

/*
 * A device on a bus, which is awake, gets a reference. Returns whether its bus has
 * left it to the driver to have its power managed.
 */
bool accel_power_start_parent(struct device *dev)
{
	bool is_new = !pm_runtime_enabled(dev);

	pm_runtime_get_noresume(dev);
	if (is_new) {
		pm_runtime_set_active(dev);
		pm_runtime_enable(dev);
	}
	return is_new;
}

void accel_power_stop_parent(struct device *dev, bool is_new)
{
	if (is_new) {
		pm_runtime_disable(dev);
		pm_runtime_set_suspended(dev);
		pm_runtime_put_noidle(dev);
	} else {
		pm_runtime_put(dev);
	}
}

/* If it does not wake, it gets the reference nevertheless. */
void accel_power_get_parent(struct device *dev)
{
	pm_runtime_get_sync(dev);
}

/* It sleeps as soon as nobody needs it. */
void accel_power_put_parent(struct device *dev)
{
	pm_runtime_put(dev);
}

void accel_power_mark_last_busy(struct device *dev)
{
	pm_runtime_mark_last_busy(dev);
}

/* Whether a device on a bus answers, if that can be asked. */
bool accel_power_is_present(struct device *dev)
{
	return !dev_is_pci(dev) || pci_device_is_present(to_pci_dev(dev));
}

int accel_power_system_suspend(struct device *dev)
{
	return pm_runtime_force_suspend(dev);
}

int accel_power_system_resume(struct device *dev)
{
	return pm_runtime_force_resume(dev);
}
