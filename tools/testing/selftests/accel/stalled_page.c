// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "node.h"
#include "stalled_page.h"

int stalled_page_map(struct stalled_page *page)
{
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_api api = { .api = UFFD_API };

	page->size = sysconf(_SC_PAGESIZE);
	page->address = mmap(NULL, page->size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page->address == MAP_FAILED)
		return -errno;
	page->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (page->uffd < 0)
		return -errno;
	reg.range.start = (uintptr_t)page->address;
	reg.range.len = page->size;
	if (ioctl(page->uffd, UFFDIO_API, &api) || ioctl(page->uffd, UFFDIO_REGISTER, &reg))
		return -errno;
	return 0;
}

int stalled_page_wait(const struct stalled_page *page)
{
	struct pollfd faulted = { .fd = page->uffd, .events = POLLIN };
	struct uffd_msg message;

	if (poll(&faulted, 1, TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	if (read(page->uffd, &message, sizeof(message)) != sizeof(message))
		return -errno;
	return message.event == UFFD_EVENT_PAGEFAULT ? 0 : -EPROTO;
}

int stalled_page_release(const struct stalled_page *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)page->address, .len = page->size },
	};

	return ioctl(page->uffd, UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
}

int stalled_page_fill(const struct stalled_page *page, const void *data, size_t len)
{
	struct uffdio_copy copy = { .dst = (uintptr_t)page->address, .len = page->size };
	char *content = aligned_alloc(page->size, page->size);
	int ret = 0;

	if (!content)
		return -ENOMEM;
	memset(content, 0, page->size);
	memcpy(content, data, len);
	copy.src = (uintptr_t)content;
	if (ioctl(page->uffd, UFFDIO_COPY, &copy))
		ret = -errno;
	free(content);
	return ret;
}

void stalled_page_unmap(struct stalled_page *page)
{
	close(page->uffd);
	munmap(page->address, page->size);
}
