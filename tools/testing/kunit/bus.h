/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_KUNIT_BUS_H
#define _ACCEL_KUNIT_BUS_H

#include <linux/types.h>

struct device;

struct device *accel_test_child(struct device *dev);
int accel_test_minor(struct device *dev);
void accel_test_unbind(struct device *dev);
int accel_test_bind(struct device *dev);
void accel_test_limit_dma(struct device *dev);
struct device *accel_test_platform_device(const char *name);
void accel_test_remove_platform_device(struct device *dev);
int accel_test_alloc_irqs(unsigned int count);
void accel_test_free_irqs(unsigned int first, unsigned int count);
struct device *accel_test_irq_device(const char *name, unsigned int first, unsigned int count);
void accel_test_raise_irq(unsigned int irq);
bool accel_test_irq_is_disabled(unsigned int irq);

#endif /* _ACCEL_KUNIT_BUS_H */
