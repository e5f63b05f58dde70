// SPDX-License-Identifier: GPL-2.0
/*
 * Sensors of a device as those of hwmon. What they show comes from hwmon.rs.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/hwmon.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <accel/accel.h>

#include "sensors.h"

/* What hwmon calls a quantity; its units are those of the C header. */
static const struct {
	enum hwmon_sensor_types type;
	u32 config;
} kinds[] = {
	[ACCEL_QUANTITY_POWER] = { hwmon_power, HWMON_P_INPUT | HWMON_P_LABEL },
	[ACCEL_QUANTITY_TEMPERATURE] = { hwmon_temp, HWMON_T_INPUT | HWMON_T_LABEL },
};

/**
 * struct accel_hwmon - a device of hwmon
 * @dev: that device
 * @read: what its values come from
 * @data: for @read
 * @chip: what hwmon is told
 * @info: for @chip
 * @channels: for @info: the sensors of each kind
 * @configs: for @channels, each of which ends with a zero
 * @name: what it is called
 * @count: how many sensors it has
 * @sensors: what they were at first
 */
struct accel_hwmon {
	struct device *dev;
	accel_hwmon_read_t read;
	void *data;
	struct hwmon_chip_info chip;
	const struct hwmon_channel_info *info[ARRAY_SIZE(kinds) + 1];
	struct hwmon_channel_info channels[ARRAY_SIZE(kinds)];
	u32 *configs;
	char name[49];
	size_t count;
	struct accel_info_sensor sensors[] __counted_by(count);
};

static u32 quantity_of(enum hwmon_sensor_types type)
{
	return type == hwmon_power ? ACCEL_QUANTITY_POWER : ACCEL_QUANTITY_TEMPERATURE;
}

static int read_value(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      long *value)
{
	struct accel_hwmon *hwmon = dev_get_drvdata(dev);

	return hwmon->read(hwmon->data, quantity_of(type), channel, value);
}

static int read_label(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      const char **label)
{
	struct accel_hwmon *hwmon = dev_get_drvdata(dev);
	size_t i;

	for (i = 0; i < hwmon->count; i++) {
		if (hwmon->sensors[i].quantity == quantity_of(type) && !channel--) {
			*label = hwmon->sensors[i].name;
			return 0;
		}
	}
	return -ENODATA;
}

static const struct hwmon_ops ops = {
	.visible = 0444,
	.read = read_value,
	.read_string = read_label,
};

static void describe(struct accel_hwmon *hwmon)
{
	u32 *config = hwmon->configs;
	size_t kind, i;

	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		hwmon->channels[kind].type = kinds[kind].type;
		hwmon->channels[kind].config = config;
		hwmon->info[kind] = &hwmon->channels[kind];
		for (i = 0; i < hwmon->count; i++) {
			if (hwmon->sensors[i].quantity == kind)
				*config++ = kinds[kind].config;
		}
		config++;
	}
	hwmon->chip.ops = &ops;
	hwmon->chip.info = hwmon->info;
}

static void set_name(struct accel_hwmon *hwmon, const char *name)
{
	char *c;

	strscpy(hwmon->name, name, sizeof(hwmon->name));
	for (c = hwmon->name; *c; c++) {
		if (hwmon_is_bad_char(*c))
			*c = '_';
	}
}

static void free_hwmon(struct accel_hwmon *hwmon)
{
	kfree(hwmon->configs);
	kfree(hwmon);
}

/* Returns NULL if the kernel has no hwmon, or an error. */
struct accel_hwmon *accel_helper_hwmon_register(struct device *parent, const char *name,
						const struct accel_info_sensor *sensors,
						size_t count, accel_hwmon_read_t read, void *data)
{
	struct accel_hwmon *hwmon;
	int ret;

	if (!IS_REACHABLE(CONFIG_HWMON))
		return NULL;
	hwmon = kzalloc(struct_size(hwmon, sensors, count), GFP_KERNEL);
	if (!hwmon)
		return ERR_PTR(-ENOMEM);
	hwmon->configs = kcalloc(count + ARRAY_SIZE(kinds), sizeof(u32), GFP_KERNEL);
	if (!hwmon->configs) {
		free_hwmon(hwmon);
		return ERR_PTR(-ENOMEM);
	}
	hwmon->read = read;
	hwmon->data = data;
	hwmon->count = count;
	memcpy(hwmon->sensors, sensors, count * sizeof(*sensors));
	set_name(hwmon, name);
	describe(hwmon);

	hwmon->dev = hwmon_device_register_with_info(parent, hwmon->name, hwmon, &hwmon->chip,
						     NULL);
	if (IS_ERR(hwmon->dev)) {
		ret = PTR_ERR(hwmon->dev);
		free_hwmon(hwmon);
		/* hwmon does not see that there was no memory for the name. */
		return ERR_PTR(ret == -EINVAL ? -ENOMEM : ret);
	}
	return hwmon;
}

/* When this returns, nothing is read any more. */
void accel_helper_hwmon_unregister(struct accel_hwmon *hwmon)
{
	if (!IS_REACHABLE(CONFIG_HWMON))
		return;
	hwmon_device_unregister(hwmon->dev);
	free_hwmon(hwmon);
}
