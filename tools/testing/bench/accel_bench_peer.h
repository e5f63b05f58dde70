/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of the misc device accel_bench_peer, which does nothing: what is
 * left is what any char device costs. It may change at any time.
 */
#ifndef _ACCEL_BENCH_PEER_H
#define _ACCEL_BENCH_PEER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct accel_bench_words - ioctl(ACCEL_BENCH_IOC_COPY)
 * @words: in, and out as they are; as large as struct accel_test_words
 */
struct accel_bench_words {
	__u32 words[4];
};

#define ACCEL_BENCH_IOC_COPY _IOWR(0x9B, 0xf0, struct accel_bench_words)

/* Refused, as is any other. */
#define ACCEL_BENCH_IOC_NONE _IO(0x9B, 0xf1)

#endif /* _ACCEL_BENCH_PEER_H */
