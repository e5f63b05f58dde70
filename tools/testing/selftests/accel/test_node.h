/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The nodes of the driver for tests, accel_test, and modules to load.
 *
 * Environment:
 *  ACCEL_KO, ACCEL_EDU_KO, ACCEL_SIM_KO, ACCEL_MINIMAL_KO, ACCEL_TEST_KO,
 *  ACCEL_TEST_PCI_KO, ACCEL_TEST_DEVICE_KO, ACCEL_TEST_FORGET_KO,
 *  ACCEL_TEST_HOLDER_KO, ACCEL_TEST_STALL_KO, ACCEL_ATTRIBUTES_KO
 *                 the files of the modules of these names
 */
#ifndef _ACCEL_SELFTEST_TEST_NODE_H
#define _ACCEL_SELFTEST_TEST_NODE_H

#include "accel_test.h"
#include "node.h"

#define TEST_DRIVER "accel_test"
#define TEST_DEVICE "accel_test_device"
#define CLIENTS_MAX 512

/* Finds the node of the device accel_test.@name. -ENOENT: it is not there. */
int test_node_find(struct node *node, const char *name);
/*
 * Adds the device that accel_test drives on the platform bus, which node_unbind()
 * and node_bind() work on. -ENOKEY: see module_load().
 */
int test_device_add(struct node *node);
int test_device_remove(void);
/* Makes one of the ioctls with struct accel_test_words. @result may be NULL. */
int test_call(int fd, unsigned int command, __u32 a, __u32 b, __u32 *result);
/* How many are asleep in ACCEL_TEST_IOC_SLEEP, or an error. */
int test_sleepers(int fd);
/* A file descriptor, or an error. */
int test_open(const struct node *node, int flags);

bool module_loaded(const char *name);
/* -ENOKEY: there is no environment variable that says where it is. */
int module_load(const char *name, const char *parameters);
/* Waits for those who are about to let go of it. */
int module_unload(const char *name);
/*
 * Loads the module accel again, with these parameters, and then the drivers
 * that were there before. All files of all nodes must be closed.
 */
int module_reload_all(const char *parameters);

#endif /* _ACCEL_SELFTEST_TEST_NODE_H */
