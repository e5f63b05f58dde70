/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_KUNIT_BUS_H
#define _ACCEL_KUNIT_BUS_H

struct device;

struct device *accel_test_child(struct device *dev);
int accel_test_minor(struct device *dev);
void accel_test_unbind(struct device *dev);
int accel_test_bind(struct device *dev);
void accel_test_limit_dma(struct device *dev);
struct device *accel_test_platform_device(const char *name);
void accel_test_remove_platform_device(struct device *dev);

#endif /* _ACCEL_KUNIT_BUS_H */
