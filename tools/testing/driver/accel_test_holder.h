/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of accel_test_holder, the device /dev/accel_test_holder.
 */
#ifndef _ACCEL_TEST_HOLDER_H
#define _ACCEL_TEST_HOLDER_H

#include <linux/ioctl.h>

/*
 * Has the reservation of the dma-buf locked whose descriptor is the argument, until a
 * signal arrives: EINTR; but not for longer than so many seconds: 0.
 */
#define ACCEL_TEST_HOLDER_IOC_HOLD _IO('h', 0)
#define ACCEL_TEST_HOLDER_MAX_S 60

/*
 * Attaches the device to the dma-buf whose descriptor is the argument, as one that cannot
 * give the memory back, and maps it for a moment. Returns what the exporter does.
 */
#define ACCEL_TEST_HOLDER_IOC_MAP _IO('h', 1)

#endif /* _ACCEL_TEST_HOLDER_H */
