/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Accesses to memory that may be gone.
 */
#ifndef _ACCEL_SELFTEST_SIGBUS_H
#define _ACCEL_SELFTEST_SIGBUS_H

#include <linux/types.h>

/* Before the first access, once in a process. Returns a negative error number. */
int catch_sigbus(void);
/* -EFAULT: the access ended in SIGBUS. For one thread at a time. */
int load_byte(const unsigned char *memory, unsigned char *value);
int load_word(const __u32 *memory, __u32 *value);

#endif /* _ACCEL_SELFTEST_SIGBUS_H */
