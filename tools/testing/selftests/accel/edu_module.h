/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The module of accel_edu, and its device when that has been taken away.
 */
#ifndef _ACCEL_SELFTEST_EDU_MODULE_H
#define _ACCEL_SELFTEST_EDU_MODULE_H

#include "node.h"

/* In /dev, since other file systems may not allow device nodes. */
#define OLD_NODE "/dev/accel-selftest"

/* Loads the module, if it is not there. */
int edu_load(void);
/*
 * Brings the device back, on the minor that it had, and removes OLD_NODE. No
 * file may be open.
 */
int edu_restore(const struct node *original);

#endif /* _ACCEL_SELFTEST_EDU_MODULE_H */
