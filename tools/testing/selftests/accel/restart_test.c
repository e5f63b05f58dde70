// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that wait end with EINTR when a signal is handled, and for nothing else:
 * a process that is stopped, frozen, traced, or has task work to do, does not
 * notice. However often they are made again, they wait for no longer.
 */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freezer.h"
#include "harness.h"
#include "waits.h"

FIXTURE(restart) {
	struct waiting waiting;
};

FIXTURE_VARIANT(restart) {
	enum wait_kind kind;
};

FIXTURE_VARIANT_ADD(restart, job) {
	.kind = WAIT_JOB,
};

FIXTURE_VARIANT_ADD(restart, fence) {
	.kind = WAIT_FENCE,
};

FIXTURE_VARIANT_ADD(restart, event) {
	.kind = WAIT_EVENT,
};

FIXTURE_VARIANT_ADD(restart, reset) {
	.kind = WAIT_RESET,
};

FIXTURE_VARIANT_ADD(restart, timeline) {
	.kind = WAIT_TIMELINE,
};

FIXTURE_VARIANT_ADD(restart, submit) {
	.kind = WAIT_SUBMIT,
};

FIXTURE_SETUP(restart)
{
	int ret;

	if (!setup_root(_metadata))
		return;
	ret = waiting_open(&self->waiting, variant->kind);
	if (ret == -ENOENT && !node_required())
		SKIP(return, "no such device, or no fences of others");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(restart)
{
	if (variant->kind == WAIT_RESET)
		waiting_end(&self->waiting);
	waiting_close(&self->waiting);
}

/* It sleeps on, and ends in the way that it was to end. */
static void expect_unnoticed(struct __test_metadata *_metadata, struct waiting *waiting)
{
	ASSERT_EQ(0, waiting_asleep(waiting))
		TH_LOG("the call returned %d", waiting->result->ret);
	ASSERT_EQ(0, waiting_end(waiting));
	EXPECT_EQ(0, waiting_join(waiting));
}

TEST_F(restart, stop_goes_unnoticed)
{
	int status;

	ASSERT_EQ(0, waiting_start(&self->waiting, NULL, NULL));
	ASSERT_EQ(0, kill(self->waiting.pid, SIGSTOP));
	ASSERT_EQ(self->waiting.pid, waitpid(self->waiting.pid, &status, WUNTRACED));
	ASSERT_EQ(0, kill(self->waiting.pid, SIGCONT));
	ASSERT_EQ(self->waiting.pid, waitpid(self->waiting.pid, &status, WCONTINUED));
	expect_unnoticed(_metadata, &self->waiting);
}

TEST_F(restart, tracers_go_unnoticed)
{
	int status;

	ASSERT_EQ(0, waiting_start(&self->waiting, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->waiting.pid, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->waiting.pid, NULL, NULL));
	ASSERT_EQ(self->waiting.pid, waitpid(self->waiting.pid, &status, __WALL));
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, self->waiting.pid, NULL, NULL));
	expect_unnoticed(_metadata, &self->waiting);
}

static void freeze(struct __test_metadata *_metadata, struct waiting *waiting, const char *group)
{
	ASSERT_EQ(0, waiting_start(waiting, NULL, NULL));
	ASSERT_EQ(0, freezer_enter(group, waiting->pid));
	ASSERT_EQ(0, freezer_freeze(group, true));
	ASSERT_EQ(0, freezer_freeze(group, false));
	expect_unnoticed(_metadata, waiting);
	rmdir(group);
}

TEST_F(restart, freezer_goes_unnoticed)
{
	char group[PATH_MAX];

	if (freezer_make(false, group, sizeof(group)))
		SKIP(return, "no control groups");
	freeze(_metadata, &self->waiting, group);
}

TEST_F(restart, freezer_of_version_1_goes_unnoticed)
{
	char group[PATH_MAX];

	if (freezer_make(true, group, sizeof(group)))
		SKIP(return, "no freezer of version 1");
	freeze(_metadata, &self->waiting, group);
}

/* A ring, and what its process polls with it. */
struct ring {
	__u32 flags;
	int eventfd;
	int fd;
};

/* Has the process told by its ring, in which nothing else is, when the eventfd is signalled. */
static int poll_with_ring(struct waiting *waiting, void *arg)
{
	struct io_uring_params params = { .flags = ((struct ring *)arg)->flags };
	struct ring *ring = arg;
	struct io_uring_sqe *sqe;
	int fd, entered;
	char *queue;

	(void)waiting;
	fd = syscall(__NR_io_uring_setup, 1, &params);
	/* The other process knows the number, too. */
	if (fd < 0 || dup2(fd, ring->fd) < 0)
		return -EOPNOTSUPP;
	queue = mmap(NULL, params.sq_off.array + sizeof(__u32), PROT_READ | PROT_WRITE,
		     MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (queue == MAP_FAILED || sqe == MAP_FAILED)
		return -ENOMEM;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_POLL_ADD;
	sqe->fd = ring->eventfd;
	sqe->poll32_events = POLLIN;
	*(__u32 *)(queue + params.sq_off.array) = 0;
	*(__u32 *)(queue + params.sq_off.tail) = 1;
	entered = syscall(__NR_io_uring_enter, fd, 1, 0, 0, NULL, 0);
	return entered == 1 ? 0 : -EIO;
}

/* Waits until the process has been told. */
static int wait_completed(pid_t pid, const struct ring *ring)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;
	char dir[64], name[32], text[4096], *line;

	snprintf(dir, sizeof(dir), "/proc/%d/fdinfo", pid);
	snprintf(name, sizeof(name), "%d", ring->fd);
	do {
		if (read_file(dir, name, text, sizeof(text)))
			return -ENOENT;
		/* While the ring is in use, there is nothing to be seen. */
		line = strstr(text, "CqTail:");
		if (line && strtol(line + strlen("CqTail:"), NULL, 10) == 1)
			return 0;
		sleep_ms(1);
	} while (now_ns() < deadline);
	return -ETIMEDOUT;
}

static void complete(struct __test_metadata *_metadata, struct waiting *waiting, __u32 flags)
{
	struct ring ring = { .flags = flags, .eventfd = eventfd(0, 0), .fd = 100 };
	const __u64 one = 1;
	int ret;

	ASSERT_LE(0, ring.eventfd);
	ret = waiting_start(waiting, poll_with_ring, &ring);
	if (ret == -ECANCELED && waiting->result->ret == -EOPNOTSUPP) {
		waiting_join(waiting);
		SKIP(return, "no io_uring of this kind");
	}
	ASSERT_EQ(0, ret);
	ASSERT_EQ(sizeof(one), write(ring.eventfd, &one, sizeof(one)));
	/* Then, it only wants to be told when it asks. */
	if (!(flags & IORING_SETUP_DEFER_TASKRUN))
		ASSERT_EQ(0, wait_completed(waiting->pid, &ring));
	expect_unnoticed(_metadata, waiting);
	close(ring.eventfd);
}

TEST_F(restart, io_uring_goes_unnoticed)
{
	complete(_metadata, &self->waiting, 0);
}

TEST_F(restart, io_uring_coop_taskrun_goes_unnoticed)
{
	complete(_metadata, &self->waiting, IORING_SETUP_COOP_TASKRUN);
}

TEST_F(restart, io_uring_defer_taskrun_goes_unnoticed)
{
	complete(_metadata, &self->waiting,
		 IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
}

static struct waiting *in_handler;

static void handler(int signal)
{
	(void)signal;
	atomic_fetch_add(&in_handler->result->handled, 1);
}

static int handle(struct waiting *waiting, void *arg)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = *(int *)arg };

	in_handler = waiting;
	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

static int send_signal(struct waiting *waiting)
{
	__u64 deadline = now_ns() + TIMEOUT_MS * 1000000ULL;

	if (kill(waiting->pid, SIGUSR1))
		return -errno;
	while (!atomic_load(&waiting->result->handled)) {
		if (now_ns() > deadline)
			return -ETIMEDOUT;
		sleep_ms(1);
	}
	return 0;
}

TEST_F(restart, signal_interrupts)
{
	int flags = 0;

	ASSERT_EQ(0, waiting_start(&self->waiting, handle, &flags));
	ASSERT_EQ(0, send_signal(&self->waiting));
	EXPECT_EQ(-EINTR, waiting_join(&self->waiting));
	EXPECT_EQ(1, atomic_load(&self->waiting.result->handled));
}

TEST_F(restart, signal_with_restart_goes_unnoticed)
{
	int flags = SA_RESTART;

	ASSERT_EQ(0, waiting_start(&self->waiting, handle, &flags));
	ASSERT_EQ(0, send_signal(&self->waiting));
	expect_unnoticed(_metadata, &self->waiting);
	EXPECT_EQ(1, atomic_load(&self->waiting.result->handled));
}

static bool has_deadline(enum wait_kind kind)
{
	return kind != WAIT_EVENT && kind != WAIT_RESET;
}

TEST_F(restart, an_interrupted_wait_tells_its_deadline)
{
	const __u64 longest_ns = 4 * TIMEOUT_MS * 1000000ULL;
	__u64 before = now_ns(), after;
	int flags = 0;

	if (!has_deadline(variant->kind))
		SKIP(return, "it waits for as long as it takes");
	ASSERT_EQ(0, waiting_start(&self->waiting, handle, &flags));
	ASSERT_EQ(0, send_signal(&self->waiting));
	ASSERT_EQ(-EINTR, waiting_join(&self->waiting));
	after = now_ns();
	EXPECT_LE(before + longest_ns, self->waiting.result->deadline_ns);
	EXPECT_GE(after + longest_ns, self->waiting.result->deadline_ns);

	/* It has ended before, however long the time-out is. */
	self->waiting.deadline_ns = before;
	EXPECT_EQ(-ETIMEDOUT, waiting_call(&self->waiting, 4 * TIMEOUT_MS));
	EXPECT_EQ(before, self->waiting.result->deadline_ns);
	/* And nothing is told if it is not interrupted. */
	self->waiting.deadline_ns = 0;
	EXPECT_EQ(-ETIMEDOUT, waiting_call(&self->waiting, 1));
	EXPECT_EQ(0, self->waiting.result->deadline_ns);
	self->waiting.deadline_ns = ~0ULL;
	ASSERT_EQ(0, waiting_end(&self->waiting));
	EXPECT_EQ(0, waiting_call(&self->waiting, 0));
}

TEST_HARNESS_MAIN
