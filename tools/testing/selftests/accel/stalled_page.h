/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page of memory that takes for ever to read or write: who touches it is
 * stopped in a page fault, by userfaultfd, which only the test ends. Root only.
 */
#ifndef _ACCEL_SELFTEST_STALLED_PAGE_H
#define _ACCEL_SELFTEST_STALLED_PAGE_H

#include <stddef.h>

/**
 * struct stalled_page - such a page
 * @address: where it is
 * @size: the size of a page
 * @uffd: what the faults are reported by
 */
struct stalled_page {
	char *address;
	size_t size;
	int uffd;
};

/* These return zero or a negative error number. */
int stalled_page_map(struct stalled_page *page);
/* Waits until somebody has touched it. */
int stalled_page_wait(const struct stalled_page *page);
/* Lets them go on: the page is full of zeros. */
int stalled_page_release(const struct stalled_page *page);
/* Lets them go on: the page begins with @len bytes of @data, and the rest are zeros. */
int stalled_page_fill(const struct stalled_page *page, const void *data, size_t len);

void stalled_page_unmap(struct stalled_page *page);

#endif /* _ACCEL_SELFTEST_STALLED_PAGE_H */
