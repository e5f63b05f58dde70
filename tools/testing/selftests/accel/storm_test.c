// SPDX-License-Identifier: GPL-2.0
/*
 * A device that comes and goes while processes open, use and close it, and
 * while a thousand threads are asleep in another one.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "harness.h"
#include "sleepers.h"

/* At least so many, and more in as much time on a kernel that is fast. */
#define OPERATIONS 10000
#define CYCLES 20
#define STORM_MS 5000
#define USERS 3
#define OTHERS 2
#define SLEEPERS 1000
#define UNBINDS 5
#define NS_PER_MS 1000000ULL
/* How much longer it may take to unbind a device while others have sleepers. */
#define EXTRA_MS 2000
/* The target is a tenth of a second; this is to tell it from waiting for them. */
#define WAKE_MS 5000
#define GONE (POLLHUP | POLLERR)

/**
 * struct storm - what the processes of it share
 * @stop: they shall end
 * @operations: how many system calls there were
 * @done: how many of them had their effect
 * @gone: how many failed since the device was gone
 * @wrong: how many had any other outcome
 * @error: the error of the last one of those
 * @line: where that was
 */
struct storm {
	atomic_bool stop;
	atomic_int operations;
	atomic_int done;
	atomic_int gone;
	atomic_int wrong;
	atomic_int error;
	atomic_int line;
};

static void note(struct storm *storm, int ret, bool right, int line)
{
	atomic_fetch_add(&storm->operations, 1);
	if (right) {
		atomic_fetch_add(&storm->done, 1);
	} else if (ret == -ENODEV || ret == -ENXIO || ret == -ENOENT) {
		atomic_fetch_add(&storm->gone, 1);
	} else {
		atomic_store(&storm->error, ret);
		atomic_store(&storm->line, line);
		atomic_fetch_add(&storm->wrong, 1);
	}
}

#define NOTE(storm, ret, right) note(storm, ret, right, __LINE__)

static void use_epoll(struct storm *storm, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll, ret;

	epoll = epoll_create1(EPOLL_CLOEXEC);
	ret = epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	NOTE(storm, ret ? -errno : 0, !ret);
	ret = epoll_wait(epoll, &event, 1, 0);
	NOTE(storm, 0, !ret || (ret == 1 && (event.events & GONE) == GONE));
	/* Every other time, the file goes before the epoll. */
	if (ret)
		close(fd);
	close(epoll);
	if (!ret)
		close(fd);
	NOTE(storm, 0, true);
}

/* One opening of the device, whichever node it has. */
static void use_device(struct storm *storm, const struct node *device, unsigned int round)
{
	bool user = round % 3;
	struct accel_info_driver driver;
	struct node node = *device;
	struct pollfd poll_fd = {};
	__u32 reply;
	int ret;

	ret = node_lookup(&node);
	if (ret) {
		NOTE(storm, ret, false);
		return;
	}
	poll_fd.fd = test_open(&node, user ? O_RDWR : O_RDONLY);
	NOTE(storm, poll_fd.fd, poll_fd.fd >= 0);
	if (poll_fd.fd < 0)
		return;
	ret = info_read(poll_fd.fd, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1);
	NOTE(storm, ret, ret == 1 && !strcmp(driver.name, EDU_DRIVER));
	ret = edu_liveness(poll_fd.fd, round, &reply);
	NOTE(storm, ret, user ? !ret && reply == ~round : ret == -EACCES);
	if (user && !(round % 8)) {
		ret = edu_factorial(poll_fd.fd, round % 13, TIMEOUT_MS, &reply);
		NOTE(storm, ret, !ret && reply == factorial(round % 13));
	}
	ret = poll(&poll_fd, 1, 0);
	NOTE(storm, 0, !ret || (ret == 1 && (poll_fd.revents & GONE) == GONE));
	use_epoll(storm, poll_fd.fd);
}

/* One sleep, in a device that stays. */
static void use_other(struct storm *storm, const struct node *node, unsigned int round)
{
	int ret, fd;

	fd = test_open(node, O_RDWR);
	NOTE(storm, fd, fd >= 0);
	if (fd < 0)
		return;
	ret = test_call(fd, ACCEL_TEST_IOC_SLEEP, round % 4, 0, NULL);
	/* The device is not gone, so that ENODEV is wrong. */
	NOTE(storm, -EBADMSG, !ret || ret == -ETIMEDOUT);
	ret = test_call(fd, ACCEL_TEST_IOC_WAKE, 0, 0, NULL);
	NOTE(storm, -EBADMSG, !ret);
	NOTE(storm, -EBADMSG, !close(fd));
}

FIXTURE(storm) {
	struct node node;
	struct node other;
	int other_fd;
	bool unloads;
};

FIXTURE_SETUP(storm)
{
	if (!setup_node(_metadata, &self->node) || !setup_root(_metadata) ||
	    !setup_test_node(_metadata, &self->other, "shared"))
		return;
	self->other_fd = test_open(&self->other, O_RDWR);
	ASSERT_LE(0, self->other_fd);
}

FIXTURE_TEARDOWN_PARENT(storm)
{
	struct node again = self->node;

	if (self->node.path[0] && !node_bound(&self->node))
		EXPECT_EQ(0, node_bind(&again));
	if (!self->unloads)
		return;
	/* Twice, for the minors that it had. */
	if (module_loaded(TEST_DRIVER))
		EXPECT_EQ(0, module_unload(TEST_DRIVER));
	EXPECT_EQ(0, module_load(TEST_DRIVER, ""));
}

static pid_t start(struct storm *storm, const struct node *node,
		   void (*use)(struct storm *, const struct node *, unsigned int))
{
	unsigned int round;
	pid_t pid;

	pid = fork_child();
	if (pid)
		return pid;
	for (round = 0; !atomic_load(&storm->stop); round++)
		use(storm, node, round);
	_exit(0);
}

TEST_F_TIMEOUT(storm, ten_thousand_operations, 600)
{
	struct node node = self->node;
	pid_t pids[USERS + OTHERS];
	struct storm *storm;
	int i, cycle, status;
	__u64 begin, end;

	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	ASSERT_NE(MAP_FAILED, storm);
	begin = now_ns();
	end = begin + STORM_MS * NS_PER_MS;
	for (i = 0; i < USERS + OTHERS; i++) {
		pids[i] = start(storm, i < USERS ? &self->node : &self->other,
				i < USERS ? use_device : use_other);
		ASSERT_LT(0, pids[i]);
	}
	for (cycle = 0; cycle < CYCLES || atomic_load(&storm->operations) < OPERATIONS ||
	     now_ns() < end; cycle++) {
		ASSERT_EQ(0, node_unbind(&node))
			TH_LOG("cycle %d", cycle);
		/* For as long as a few calls take, so that there is something to hit. */
		sleep_ms(cycle % 4);
		ASSERT_EQ(0, node_bind(&node))
			TH_LOG("cycle %d", cycle);
		sleep_ms(cycle % 8 * 2);
		atomic_fetch_add(&storm->operations, 2);
	}
	atomic_store(&storm->stop, true);
	for (i = 0; i < USERS + OTHERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	TH_LOG("%d cycles, %d operations, %d of them on a device that was gone, in %llu ms",
	       cycle, atomic_load(&storm->operations), atomic_load(&storm->gone),
	       (now_ns() - begin) / NS_PER_MS);
	EXPECT_EQ(0, atomic_load(&storm->wrong))
		TH_LOG("one was: %s, line %d", strerror(-atomic_load(&storm->error)),
		       atomic_load(&storm->line));
	EXPECT_LT(CYCLES, atomic_load(&storm->done));
	EXPECT_LT(0, atomic_load(&storm->gone));
	EXPECT_EQ(0, test_sleepers(self->other_fd));
}

static int compare(const void *a, const void *b)
{
	const __u64 *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* The median of how long it takes, in milliseconds. */
static __u64 time_unbind(struct __test_metadata *_metadata, struct node *node)
{
	__u64 times[UNBINDS];
	int i;

	for (i = 0; i < UNBINDS; i++) {
		times[i] = now_ns();
		ASSERT_EQ(0, node_unbind(node));
		times[i] = now_ns() - times[i];
		ASSERT_EQ(0, node_bind(node));
	}
	qsort(times, UNBINDS, sizeof(times[0]), compare);
	return times[UNBINDS / 2] / NS_PER_MS;
}

TEST_F_TIMEOUT(storm, others_sleepers_do_not_delay, 600)
{
	struct node node = self->node;
	struct sleepers sleepers;
	__u64 without, with;

	without = time_unbind(_metadata, &node);
	ASSERT_EQ(0, sleepers_start(&sleepers, self->other_fd, SLEEPERS));
	with = time_unbind(_metadata, &node);
	/* They have slept through it. */
	EXPECT_EQ(SLEEPERS, test_sleepers(self->other_fd));
	TH_LOG("unbinding takes %llu ms, with %d callers asleep in another device %llu ms",
	       without, SLEEPERS, with);
	EXPECT_GT(without + EXTRA_MS, with);
	ASSERT_EQ(0, test_call(self->other_fd, ACCEL_TEST_IOC_WAKE, 0, 0, NULL));
	EXPECT_EQ(0, sleepers_join(&sleepers, 0));
	EXPECT_EQ(0, test_sleepers(self->other_fd));
}

/* How long the driver takes to wake all sleepers of its device, in milliseconds. */
static __u64 time_wake(struct __test_metadata *_metadata, int fd)
{
	struct sleepers sleepers;
	__u64 begin;

	ASSERT_EQ(0, sleepers_start(&sleepers, fd, SLEEPERS));
	begin = now_ns();
	ASSERT_EQ(0, test_call(fd, ACCEL_TEST_IOC_WAKE, 0, 0, NULL));
	EXPECT_EQ(0, sleepers_join(&sleepers, 0));
	return (sleepers.last_ns - begin) / NS_PER_MS;
}

TEST_F_TIMEOUT(storm, removed_module_wakes_sleepers, 600)
{
	struct pollfd poll_fd = { .fd = self->other_fd };
	__u64 begin, usual, woken, unloaded, limit;
	struct sleepers sleepers;

	if (!setup_module(_metadata, "ACCEL_TEST_KO"))
		return;
	self->unloads = true;
	/*
	 * A thousand threads take turns on the processors, which an emulator
	 * may itself have to wait for: so it is measured what that costs here.
	 */
	usual = time_wake(_metadata, self->other_fd);
	ASSERT_EQ(0, sleepers_start(&sleepers, self->other_fd, SLEEPERS));
	begin = now_ns();
	ASSERT_EQ(0, module_unload(TEST_DRIVER));
	unloaded = (now_ns() - begin) / NS_PER_MS;
	EXPECT_EQ(0, sleepers_join(&sleepers, -ENODEV));
	woken = (sleepers.last_ns - begin) / NS_PER_MS;
	TH_LOG("%d sleepers are awake after %llu ms, the module gone after %llu ms; usual: %llu ms",
	       SLEEPERS, woken, unloaded, usual);
	limit = WAKE_MS + 3 * usual;
	EXPECT_GT(limit, woken);
	EXPECT_GT(2 * limit, unloaded);
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(GONE, poll_fd.revents);
	EXPECT_EQ(-ENODEV, test_sleepers(poll_fd.fd));
	/* ENODEV comes before what the caller lacks. */
	EXPECT_EQ(-ENODEV, sys_ioctl(poll_fd.fd, ACCEL_TEST_IOC_PASSTHROUGH_ADD, NULL));
	ASSERT_EQ(0, seteuid(1000));
	EXPECT_EQ(-ENODEV, sys_ioctl(poll_fd.fd, ACCEL_TEST_IOC_PRIVILEGED_ADD, NULL));
}

TEST_HARNESS_MAIN
