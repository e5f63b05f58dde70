// SPDX-License-Identifier: GPL-2.0
/*
 * Two edu devices whose interrupts are on the same line: the handler of each is
 * called for those of the other, too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "edu_nodes.h"
#include "harness.h"
#include "pci_config.h"
#include "power.h"

#define TRACING "/sys/kernel/tracing"
#define ROUNDS 20

FIXTURE(shared_line) {
	struct node nodes[2];
	int fds[2];
};

FIXTURE_SETUP(shared_line)
{
	long lines[2];
	int i;

	if (!setup_root(_metadata))
		return;
	ASSERT_EQ(0, edu_nodes(self->nodes, 2))
		TH_LOG("there are no two edu devices");
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, read_number(self->nodes[i].device_dir, "irq", &lines[i]));
		self->fds[i] = test_open(&self->nodes[i], O_RDWR);
		ASSERT_LE(0, self->fds[i]);
	}
	ASSERT_EQ(lines[0], lines[1]);
	ASSERT_EQ(0, write_file(TRACING, "events/irq/enable", "0"));
	ASSERT_EQ(0, write_file(TRACING, "trace", ""));
}

FIXTURE_TEARDOWN(shared_line)
{
	write_file(TRACING, "events/irq/enable", "0");
	close(self->fds[0]);
	close(self->fds[1]);
}

/* How often handlers of ours were called, and how often they took the interrupt for theirs. */
struct handled {
	int calls;
	int taken;
};

static int read_trace(struct handled *handled)
{
	bool ours[64] = {};
	char line[512];
	FILE *trace;
	char *text;
	int cpu;

	*handled = (struct handled) {};
	trace = fopen(TRACING "/trace", "re");
	if (!trace)
		return -errno;
	while (fgets(line, sizeof(line), trace)) {
		text = strstr(line, " [");
		cpu = text ? atoi(text + 2) : -1;
		if (cpu < 0 || cpu >= 64)
			continue;
		text = strstr(line, "irq_handler_entry:");
		if (text)
			ours[cpu] = strstr(text, "name=accel_edu\n");
		text = strstr(line, "irq_handler_exit:");
		if (!text || !ours[cpu])
			continue;
		handled->calls++;
		handled->taken += !!strstr(text, "ret=handled");
	}
	fclose(trace);
	return 0;
}

static void trace_factorials(struct __test_metadata *_metadata, int fd, struct handled *handled)
{
	__u32 result;
	int i;

	ASSERT_EQ(0, write_file(TRACING, "events/irq/irq_handler_entry/enable", "1"));
	ASSERT_EQ(0, write_file(TRACING, "events/irq/irq_handler_exit/enable", "1"));
	for (i = 0; i < ROUNDS; i++) {
		EXPECT_EQ(0, edu_factorial(fd, i % 13, TIMEOUT_MS, &result));
		EXPECT_EQ(factorial(i % 13), result);
	}
	ASSERT_EQ(0, write_file(TRACING, "events/irq/enable", "0"));
	ASSERT_EQ(0, read_trace(handled));
}

/*
 * The other one is asleep, and its registers would seem to have all bits set, as
 * those of a device without power do. No interrupt is taken for one of it.
 */
TEST_F(shared_line, one_that_sleeps_is_left_alone)
{
	struct handled handled;
	__u32 result;

	ASSERT_EQ(0, power_wait(&self->nodes[1], "suspended"));
	ASSERT_EQ(0, pci_hide(&self->nodes[1]));
	trace_factorials(_metadata, self->fds[0], &handled);
	EXPECT_TRUE(power_is(&self->nodes[1], "suspended"));
	ASSERT_EQ(0, pci_show(&self->nodes[1]));

	EXPECT_LT(0, handled.taken);
	EXPECT_GE(handled.calls / 2, handled.taken)
		TH_LOG("of %d calls, %d took the interrupt", handled.calls, handled.taken);
	EXPECT_EQ(0, edu_factorial(self->fds[1], 8, TIMEOUT_MS, &result));
	EXPECT_EQ(40320, result);
}

TEST_F(shared_line, both_work)
{
	struct handled handled;
	__u32 result;

	EXPECT_EQ(0, edu_factorial(self->fds[1], 9, TIMEOUT_MS, &result));
	trace_factorials(_metadata, self->fds[0], &handled);
	EXPECT_LT(0, handled.taken);
	EXPECT_EQ(0, edu_factorial(self->fds[1], 9, TIMEOUT_MS, &result));
	EXPECT_EQ(362880, result);
}

TEST_HARNESS_MAIN
