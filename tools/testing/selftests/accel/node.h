/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The node under test, and what surrounds it in sysfs.
 *
 * Environment:
 *  ACCEL_NODE     the node to test; without it, the first one of accel_edu
 *  ACCEL_REQUIRE  if 1, whatever would be skipped for want of a node, of root,
 *                 or of ACCEL_EDU_KO is a failure
 *  ACCEL_EDU_KO   the file of the module accel_edu, to load it again after the
 *                 test that removes it
 *
 * Functions return zero or a negative error number, so that a failed
 * comparison shows which error it was.
 */
#ifndef _ACCEL_SELFTEST_NODE_H
#define _ACCEL_SELFTEST_NODE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <accel/accel.h>
#include <accel/edu.h>

#define DEV_DIR "/dev/accelerator"

#define EDU_DRIVER "accel_edu"
#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

/* The emulated, debugging kernel is slow; only a hang takes this long. */
#define TIMEOUT_MS 30000

/**
 * struct node - an accelerator node and its parent device
 * @minor: N of accelN
 * @name: "accelN"
 * @path: the node in /dev
 * @class_dir: its folder in /sys/class
 * @device_dir: folder of the parent device in sysfs, without links
 * @driver_dir: folder of the parent's driver in sysfs, without links
 *
 * The latter two stay the same while the device comes and goes.
 */
struct node {
	unsigned int minor;
	char name[32];
	char path[64];
	char class_dir[64];
	char device_dir[PATH_MAX];
	char driver_dir[PATH_MAX];
};

/* -ENOENT: there is none; another error: there is one, but it is broken. */
int node_find(struct node *node);
/* As node_find(), but any node: that of a path in /dev. */
int node_at(struct node *node, const char *path);
/* What node_find() and node_at() have to say about their last error. */
const char *node_why(void);
bool node_required(void);

/* The name of the parent device on its bus. */
const char *node_address(const struct node *node);
bool node_bound(const struct node *node);
int node_unbind(const struct node *node);
/* Binds the driver again and looks up the new minor. */
int node_bind(struct node *node);
int node_lookup(struct node *node);

/*
 * Cuts off or restores the device's interrupts. The edu device signals by MSI,
 * which is a memory write of the device: it needs bus mastering. Without it
 * the device takes work as usual and never reports that it is done, so that a
 * caller can be kept asleep for as long as a test needs.
 */
int node_stall(const struct node *node, bool stall);

int sys_ioctl(int fd, unsigned int command, void *arg);
/* Returns how many of at most @count records were read, or an error. */
int info_read(int fd, unsigned int topic, void *records, __u32 record_size,
	      unsigned int count);
int edu_factorial(int fd, __u32 n, __u32 timeout_ms, __u32 *result);
int edu_liveness(int fd, __u32 value, __u32 *reply);
__u32 factorial(__u32 n);

int read_file(const char *dir, const char *name, char *text, size_t size);
int read_number(const char *dir, const char *name, long *number);
int write_file(const char *dir, const char *name, const char *text);
/* The last component of what the link @dir/@name refers to. */
int link_name(const char *dir, const char *name, char *text, size_t size);

unsigned long page_size(void);
__u64 now_ns(void);
void sleep_ms(unsigned int ms);

#endif /* _ACCEL_SELFTEST_NODE_H */
