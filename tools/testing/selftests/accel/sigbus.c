// SPDX-License-Identifier: GPL-2.0
/*
 * Accesses to memory that may be gone.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#include "sigbus.h"

static sigjmp_buf escape;

static void on_sigbus(int number)
{
	siglongjmp(escape, number);
}

int catch_sigbus(void)
{
	struct sigaction action = { .sa_handler = on_sigbus };

	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

int load_byte(const unsigned char *memory, unsigned char *value)
{
	if (sigsetjmp(escape, 1))
		return -EFAULT;
	*value = __atomic_load_n(memory, __ATOMIC_RELAXED);
	return 0;
}

int load_word(const __u32 *memory, __u32 *value)
{
	if (sigsetjmp(escape, 1))
		return -EFAULT;
	*value = __atomic_load_n(memory, __ATOMIC_RELAXED);
	return 0;
}
