/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_POWER_H
#define _ACCEL_POWER_H

#include <linux/types.h>

struct device;

void accel_power_start(struct device *dev, int autosuspend_ms);
void accel_power_stop(struct device *dev);
bool accel_power_get_if_active(struct device *dev);
int accel_power_wake(struct device *dev);
void accel_power_request(struct device *dev);
void accel_power_put(struct device *dev);
bool accel_power_start_parent(struct device *dev);
void accel_power_stop_parent(struct device *dev, bool is_new);
void accel_power_get_parent(struct device *dev);
void accel_power_put_parent(struct device *dev);
void accel_power_mark_last_busy(struct device *dev);
bool accel_power_is_present(struct device *dev);
int accel_power_system_suspend(struct device *dev);
int accel_power_system_resume(struct device *dev);

#endif /* _ACCEL_POWER_H */
