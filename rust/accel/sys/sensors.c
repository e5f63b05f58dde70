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

/*
 * What hwmon calls a quantity, whose units are those of the C header, and the attributes
 * of such a sensor. Number 0 is another one, and stands for none.
 */
static const struct {
	enum hwmon_sensor_types type;
	u32 input, label, max, crit;
} kinds[] = {
	[ACCEL_QUANTITY_POWER] = {
		hwmon_power, hwmon_power_input, hwmon_power_label, hwmon_power_max,
		hwmon_power_crit
	},
	[ACCEL_QUANTITY_TEMPERATURE] = {
		hwmon_temp, hwmon_temp_input, hwmon_temp_label, hwmon_temp_max, hwmon_temp_crit
	},
	[ACCEL_QUANTITY_VOLTAGE] = {
		hwmon_in, hwmon_in_input, hwmon_in_label, hwmon_in_max, hwmon_in_crit
	},
	[ACCEL_QUANTITY_CURRENT] = {
		hwmon_curr, hwmon_curr_input, hwmon_curr_label, hwmon_curr_max, hwmon_curr_crit
	},
	[ACCEL_QUANTITY_FAN] = {
		hwmon_fan, hwmon_fan_input, hwmon_fan_label, hwmon_fan_max, 0
	},
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
	u32 kind = 0;

	while (kind < ARRAY_SIZE(kinds) - 1 && kinds[kind].type != type)
		kind++;
	return kind;
}

/* What a sensor was at first, or NULL. */
static const struct accel_info_sensor *find_sensor(struct accel_hwmon *hwmon, u32 quantity,
						   int channel)
{
	size_t i;

	for (i = 0; i < hwmon->count; i++) {
		if (hwmon->sensors[i].quantity == quantity && !channel--)
			return &hwmon->sensors[i];
	}
	return NULL;
}

static int read_value(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      long *value)
{
	struct accel_hwmon *hwmon = dev_get_drvdata(dev);
	u32 quantity = quantity_of(type);
	const struct accel_info_sensor *sensor;
	s64 limit;

	if (attr == kinds[quantity].input)
		return hwmon->read(hwmon->data, quantity, channel, value);
	sensor = find_sensor(hwmon, quantity, channel);
	if (!sensor)
		return -ENODATA;
	limit = attr == kinds[quantity].max ? sensor->max : sensor->critical;
	*value = limit;
	return *value == limit ? 0 : -EOVERFLOW;
}

static int read_label(struct device *dev, enum hwmon_sensor_types type, u32 attr, int channel,
		      const char **label)
{
	const struct accel_info_sensor *sensor;

	sensor = find_sensor(dev_get_drvdata(dev), quantity_of(type), channel);
	if (!sensor)
		return -ENODATA;
	*label = sensor->name;
	return 0;
}

static const struct hwmon_ops ops = {
	.visible = 0444,
	.read = read_value,
	.read_string = read_label,
};

/* The attributes of a sensor of this kind. */
static u32 attributes(const struct accel_info_sensor *sensor, size_t kind)
{
	u32 config = BIT(kinds[kind].input) | BIT(kinds[kind].label);

	if (sensor->flags & ACCEL_SENSOR_MAX)
		config |= BIT(kinds[kind].max);
	if (sensor->flags & ACCEL_SENSOR_CRITICAL && kinds[kind].crit)
		config |= BIT(kinds[kind].crit);
	return config;
}

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
				*config++ = attributes(&hwmon->sensors[i], kind);
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
