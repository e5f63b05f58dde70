/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs that measure share.
 *
 * They run in a guest that counts instructions: QEMU's -icount lets the clock
 * show one nanosecond for each. So their figures do not depend on the machine
 * or on what else it does. They print one line for each measurement, its name
 * and its value, and say nothing about whether that is good or bad.
 */
#ifndef _ACCEL_BENCH_H
#define _ACCEL_BENCH_H

#include <linux/types.h>

/**
 * struct operation - something to measure
 * @name: of the measurement
 * @run: does it once and returns what the system call did, or a negative errno
 * @fd: for @run
 * @path: for @run
 * @command: for @run
 * @arg: for @run
 * @expected: what @run returns when it does what the name says
 */
struct operation {
	const char *name;
	int (*run)(const struct operation *operation);
	int fd;
	const char *path;
	unsigned int command;
	void *arg;
	int expected;
};

/* How many instructions an operation takes. */
double cost_of(const struct operation *operation);
/* Prints it. */
void measure(const struct operation *operation);

void print(const char *name, double value);
__u64 now_ns(void);
void sleep_ms(unsigned int ms);
__u64 median(__u64 *values, int count);

/* The modules are those of modules_install. As elsewhere here, an error ends the program. */
void load_module(const char *name, const char *parameters);
void unload_module(const char *name);
/* As load_module(); returns how long only the system call took. */
__u64 time_to_load(const char *name, const char *parameters);

/* Opens the node of the accelerator that stands on a faux device. */
int open_accel(const char *faux_name, int flags);
void accel_path(const char *faux_name, char *path, int size);

#endif /* _ACCEL_BENCH_H */
