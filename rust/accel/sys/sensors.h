/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_SENSORS_H
#define _ACCEL_SENSORS_H

#include <linux/types.h>

struct accel_hwmon;
struct accel_info_sensor;
struct device;

/* Reads a sensor: the one of this number among those of a quantity, from zero on. */
typedef int (*accel_hwmon_read_t)(void *data, u32 quantity, int channel, long *value);

struct accel_hwmon *accel_helper_hwmon_register(struct device *parent, const char *name,
						const struct accel_info_sensor *sensors,
						size_t count, accel_hwmon_read_t read, void *data);
void accel_helper_hwmon_unregister(struct accel_hwmon *hwmon);

#endif /* _ACCEL_SENSORS_H */
