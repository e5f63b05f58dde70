/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ACCEL_KUNIT_UAPI_LAYOUT_H
#define _ACCEL_KUNIT_UAPI_LAYOUT_H

#include <linux/types.h>

/* The size of a structure, the offset or size of a member, or a constant. */
struct accel_test_number {
	const char *name;
	u32 value;
};

extern const struct accel_test_number accel_test_layout[];

#endif /* _ACCEL_KUNIT_UAPI_LAYOUT_H */
