/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of the test driver accel_test_pci. It is not part of the
 * framework's own: it may change at any time.
 */
#ifndef _ACCEL_TEST_PCI_H
#define _ACCEL_TEST_PCI_H

#include <accel/accel.h>

/* From here on in the file is the memory of the device, BAR 2. */
#define ACCEL_TEST_PCI_MEMORY 0ULL
/* Its registers, BAR 0, which are less than a page. */
#define ACCEL_TEST_PCI_REGISTERS 0x100000000ULL
/* A mistake of the driver: it always gives all of the memory. */
#define ACCEL_TEST_PCI_TOO_MUCH 0x200000000ULL
/* The window of the open file: ENXIO if it has none. */
#define ACCEL_TEST_PCI_WINDOW 0x300000000ULL
/* The same, only to be read. */
#define ACCEL_TEST_PCI_WINDOW_READ_ONLY 0x400000000ULL
/* The memory, only to be read. */
#define ACCEL_TEST_PCI_READ_ONLY 0x500000000ULL
/* The second MiB of the memory, with writes that are combined. */
#define ACCEL_TEST_PCI_COMBINING 0x600000000ULL

/*
 * A reset takes a while, and fails if this is the first word of the memory,
 * which is then set to zero.
 */
#define ACCEL_TEST_PCI_FAIL_RESET 0x6661696c
/*
 * It takes so many milliseconds, below 65536, if this is the third word of the
 * memory, which is then set to zero.
 */
#define ACCEL_TEST_PCI_SLOW_RESET(ms) (0x6d730000 | (ms))
/* The second word of the memory, while the driver's hook for a reset runs. */
#define ACCEL_TEST_PCI_IN_RESET 0x62757379

/*
 * The fifth word of the memory, while the device is asleep, as it is when it was
 * not used for 20 ms; zero when it was woken.
 */
#define ACCEL_TEST_PCI_ASLEEP 0x61736c70

/**
 * struct accel_test_pci_peek - ioctl(ACCEL_TEST_PCI_IOC_PEEK)
 * @size: sizeof(struct accel_test_pci_peek)
 * @offset: in: where in the first page of the memory, a multiple of four
 * @value: in: must be zero; out: what is there
 * @reserved: must be zero
 */
struct accel_test_pci_peek {
	__u32 size;
	__u32 offset;
	__u32 value;
	__u32 reserved;
};

/* Reads the memory as the driver sees it. */
#define ACCEL_TEST_PCI_IOC_PEEK _IO(ACCEL_IOC_TYPE, 0x40)

/* From here on, the memory is for buffers: region 1. */
#define ACCEL_TEST_PCI_FOR_BUFFERS (2UL << 20)

/* Region 2 is coherent memory, of which there is so much. */
#define ACCEL_TEST_PCI_COHERENT (512UL << 10)

/**
 * struct accel_test_pci_place - ioctl(ACCEL_TEST_PCI_IOC_PLACE)
 * @size: sizeof(struct accel_test_pci_place)
 * @handle: in: a buffer
 * @region: in: must be zero; out: the number of its region
 * @reserved: must be zero
 * @offset: in: must be zero; out: where in its region it is
 *
 * ENXIO if the buffer is not in the memory of the device, and cannot be moved
 * there.
 */
struct accel_test_pci_place {
	__u32 size;
	__u32 handle;
	__u32 region;
	__u32 reserved;
	__aligned_u64 offset;
};

#define ACCEL_TEST_PCI_IOC_PLACE _IO(ACCEL_IOC_TYPE, 0x41)

/**
 * struct accel_test_pci_placement - ioctl(ACCEL_TEST_PCI_IOC_WISH)
 * @size: sizeof(struct accel_test_pci_placement)
 * @alignment: in: of what is a multiple where in its region a buffer begins
 * @start: in: where in the region the part begins that buffers are to be in
 * @end: in: where that ends; zero: anywhere
 *
 * Holds for the buffers that the open file creates from now on. To create one is
 * EDOM if the alignment is not a power of two, or the part is not as large.
 */
struct accel_test_pci_placement {
	__u32 size;
	__u32 alignment;
	__aligned_u64 start;
	__aligned_u64 end;
};

#define ACCEL_TEST_PCI_IOC_WISH _IO(ACCEL_IOC_TYPE, 0x48)

/* How it copies a movable buffer: as the framework does. */
#define ACCEL_TEST_PCI_COPY_NOT 0
/* It fails, with EIO. */
#define ACCEL_TEST_PCI_COPY_FAILS 1
/* It says that it has, but that is a lie. EBADMSG: it was not given all of it. */
#define ACCEL_TEST_PCI_COPY_LIES 2

/**
 * struct accel_test_pci_copies - ioctl(ACCEL_TEST_PCI_IOC_COPIES)
 * @size: sizeof(struct accel_test_pci_copies)
 * @mode: in: ACCEL_TEST_PCI_COPY_*, from now on
 * @count: in: must be zero; out: how many times the device was asked to copy
 * @reserved: must be zero
 */
struct accel_test_pci_copies {
	__u32 size;
	__u32 mode;
	__u32 count;
	__u32 reserved;
};

#define ACCEL_TEST_PCI_IOC_COPIES _IO(ACCEL_IOC_TYPE, 0x42)

/**
 * struct accel_test_pci_hold - ioctl(ACCEL_TEST_PCI_IOC_HOLD)
 * @size: sizeof(struct accel_test_pci_hold)
 * @handle: in: a buffer that is to be in the memory of the device and to stay
 *	there until the next call; zero: none
 */
struct accel_test_pci_hold {
	__u32 size;
	__u32 handle;
};

#define ACCEL_TEST_PCI_IOC_HOLD _IO(ACCEL_IOC_TYPE, 0x43)

/**
 * struct accel_test_pci_sum - ioctl(ACCEL_TEST_PCI_IOC_SUM)
 * @size: sizeof(struct accel_test_pci_sum)
 * @count: in: how many numbers there are, at most 1024: E2BIG
 * @numbers_ptr: in: user pointer to an array of __u32
 * @sum: in: must be zero; out: the sum of the numbers
 */
struct accel_test_pci_sum {
	__u32 size;
	__u32 count;
	__aligned_u64 numbers_ptr;
	__aligned_u64 sum;
};

#define ACCEL_TEST_PCI_IOC_SUM _IO(ACCEL_IOC_TYPE, 0x49)

/**
 * struct accel_test_pci_hook - ioctl(ACCEL_TEST_PCI_IOC_HOOK)
 * @size: sizeof(struct accel_test_pci_hook)
 * @running: in: must be zero; out: whether the driver's hook for a reset runs
 */
struct accel_test_pci_hook {
	__u32 size;
	__u32 running;
};

/**
 * struct accel_test_pci_window - ioctl(ACCEL_TEST_PCI_IOC_WINDOW)
 * @size: sizeof(struct accel_test_pci_window)
 * @reserved: must be zero
 * @offset: in: where in the memory the window begins
 * @bytes: in: its length; zero: no window
 *
 * Revokes the window that the open file had, and makes another. EBUSY if the window
 * of another file has a part of it.
 */
struct accel_test_pci_window {
	__u32 size;
	__u32 reserved;
	__aligned_u64 offset;
	__aligned_u64 bytes;
};

#define ACCEL_TEST_PCI_IOC_WINDOW _IO(ACCEL_IOC_TYPE, 0x45)

/**
 * struct accel_test_pci_unmapped - ioctl(ACCEL_TEST_PCI_IOC_UNMAPPED)
 * @size: sizeof(struct accel_test_pci_unmapped)
 * @timeout_ms: in: how long to wait at most: ETIMEDOUT
 *
 * Waits until no process has the window of the open file mapped.
 */
struct accel_test_pci_unmapped {
	__u32 size;
	__u32 timeout_ms;
};

#define ACCEL_TEST_PCI_IOC_UNMAPPED _IO(ACCEL_IOC_TYPE, 0x46)

/* For observers, too. */
#define ACCEL_TEST_PCI_IOC_HOOK _IO(ACCEL_IOC_TYPE, 0x44)

#endif /* _ACCEL_TEST_PCI_H */
