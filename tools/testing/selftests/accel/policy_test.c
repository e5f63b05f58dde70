// SPDX-License-Identifier: GPL-2.0
/*
 * Whom a device admits as users: its open policy, for several users, in
 * several user namespaces, and for many at once.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy.h"

#define RACERS 8
#define ROUNDS 50

TEST_F(policy, is_public)
{
	struct accel_info_driver driver;

	ASSERT_EQ(1, info_read(self->observer, ACCEL_INFO_DRIVER, &driver, sizeof(driver), 1));
	EXPECT_STREQ(TEST_DRIVER, driver.name);
	EXPECT_EQ(variant->policy, driver.open_policy);
	EXPECT_EQ(variant->limit, driver.open_limit);
}

TEST_F(policy, one_user)
{
	int fds[MANY], count, i, fd;

	count = open_all(_metadata, &self->alice, &self->node, fds);
	EXPECT_EQ(admitted(variant->limit), count);
	EXPECT_EQ(count, users(_metadata, self->observer));
	/* Each that is closed makes room for one, whichever it was. */
	for (i = 0; i < count; i++) {
		EXPECT_EQ(0, agent_close(&self->alice, fds[i]));
		EXPECT_EQ(count - 1, users(_metadata, self->observer));
		fd = agent_open(&self->alice, &self->node, O_RDWR);
		ASSERT_LE(0, fd)
			TH_LOG("after close %d: %s", i, strerror(-fd));
		fds[i] = fd;
	}
	EXPECT_EQ(variant->limit ? 0 : MANY,
		  open_all(_metadata, &self->alice, &self->node, fds));
}

TEST_F(policy, root_is_a_user)
{
	int fds[MANY], fd;

	open_all(_metadata, &self->alice, &self->node, fds);
	fd = test_open(&self->node, O_RDWR);
	EXPECT_EQ(admitted_beside(variant->limit, variant->per_user) ? 0 : -EBUSY,
		  fd < 0 ? fd : 0);
}

TEST_F(policy, two_users)
{
	int alices[MANY], bobs[MANY], count;
	struct agent bob;

	ASSERT_EQ(0, agent_start(&bob, BOB, 0, 0));
	count = open_all(_metadata, &self->alice, &self->node, alices);
	ASSERT_EQ(admitted(variant->limit), count);
	count = open_all(_metadata, &bob, &self->node, bobs);
	EXPECT_EQ(admitted_beside(variant->limit, variant->per_user), count);

	/* What one gives up, the other can have; but not with a share of their own. */
	EXPECT_EQ(0, agent_close(&self->alice, alices[0]));
	count = open_all(_metadata, &bob, &self->node, bobs);
	EXPECT_EQ(variant->per_user ? 0 : variant->limit ? 1 : MANY, count);
}

/* It is the user that counts, not the number that a namespace has for them. */
TEST_F(policy, user_namespaces)
{
	struct agent also_alice, bob_called_alice;
	int fds[MANY], before, count;

	ASSERT_EQ(0, agent_start(&also_alice, ALICE, CLONE_NEWUSER, 0));
	ASSERT_EQ(0, agent_start(&bob_called_alice, BOB, CLONE_NEWUSER, ALICE));
	ASSERT_LE(0, agent_open(&self->alice, &self->node, O_RDWR));
	before = users(_metadata, self->observer);
	EXPECT_EQ(1, before);

	count = open_all(_metadata, &also_alice, &self->node, fds);
	EXPECT_EQ(variant->limit ? variant->limit - 1 : MANY, count);
	count = open_all(_metadata, &bob_called_alice, &self->node, fds);
	EXPECT_EQ(admitted_beside(variant->limit, variant->per_user), count);
}

/* The one who opened a file is its user, also when they are another one later. */
TEST_F(policy, user_who_changes)
{
	struct agent root;
	int fds[MANY], count;

	ASSERT_EQ(0, agent_start(&root, 0, 0, 0));
	ASSERT_EQ(0, agent_seteuid(&root, ALICE));
	count = open_all(_metadata, &root, &self->node, fds);
	EXPECT_EQ(admitted(variant->limit), count);
	ASSERT_EQ(0, agent_seteuid(&root, 0));
	count = open_all(_metadata, &self->alice, &self->node, fds);
	EXPECT_EQ(variant->limit ? 0 : MANY, count);
	ASSERT_EQ(0, agent_seteuid(&root, BOB));
	count = open_all(_metadata, &root, &self->node, fds);
	EXPECT_EQ(admitted_beside(variant->limit, variant->per_user), count);
}

TEST_F(policy, observers_are_let_in)
{
	int fds[MANY], count, i;

	/* Neither do they keep users out, nor users them. */
	for (i = 0; i < MANY; i++)
		EXPECT_LE(0, agent_open(&self->alice, &self->node, O_RDONLY));
	count = open_all(_metadata, &self->alice, &self->node, fds);
	EXPECT_EQ(admitted(variant->limit), count);
	for (i = 0; i < MANY; i++) {
		EXPECT_LE(0, agent_open(&self->alice, &self->node, O_RDONLY));
		EXPECT_LE(0, test_open(&self->node, O_RDONLY));
	}
	EXPECT_EQ(count, users(_metadata, self->observer));
}

TEST_F(policy, refusal_changes_nothing)
{
	struct accel_info_client before[32], after[32];
	int fds[MANY], count, i, limit;

	limit = open_all(_metadata, &self->alice, &self->node, fds);
	count = info_read(self->observer, ACCEL_INFO_CLIENTS, before, sizeof(before[0]), 32);
	EXPECT_EQ(limit + 1, count);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(-EINVAL, agent_open(&self->alice, &self->node, O_WRONLY));
		if (!variant->limit)
			continue;
		ASSERT_EQ(-EBUSY, agent_open(&self->alice, &self->node, O_RDWR));
	}
	EXPECT_EQ(count,
		  info_read(self->observer, ACCEL_INFO_CLIENTS, after, sizeof(after[0]), 32));
	EXPECT_EQ(0, memcmp(before, after, count * sizeof(before[0])));
	EXPECT_EQ(limit, users(_metadata, self->observer));
}

/**
 * struct race - what processes that open the node at the same time have seen
 * @barrier: for all of them
 * @inside: who has it open now
 * @most: the highest value of that
 * @won: how many got in, in each round
 * @errors: how often the refusal was another one than EBUSY
 */
struct race {
	pthread_barrier_t barrier;
	atomic_int inside;
	atomic_int most;
	atomic_int won[ROUNDS];
	atomic_int errors;
};

static void race(struct race *race, const struct node *node)
{
	int round, fd, inside, most;

	for (round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&race->barrier);
		fd = test_open(node, O_RDWR);
		if (fd < 0) {
			atomic_fetch_add(&race->errors, fd != -EBUSY);
		} else {
			inside = atomic_fetch_add(&race->inside, 1) + 1;
			most = atomic_load(&race->most);
			while (inside > most &&
			       !atomic_compare_exchange_weak(&race->most, &most, inside))
				;
			atomic_fetch_add(&race->won[round], 1);
			/* Not all come at once, so that it is held for a while. */
			usleep(round % 3 * 100);
			atomic_fetch_sub(&race->inside, 1);
			close(fd);
		}
		pthread_barrier_wait(&race->barrier);
	}
	_exit(0);
}

TEST_F_TIMEOUT(policy, race, 300)
{
	pthread_barrierattr_t attr;
	struct race *shared;
	int i, status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	ASSERT_NE(MAP_FAILED, shared);
	ASSERT_EQ(0, pthread_barrierattr_init(&attr));
	ASSERT_EQ(0, pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
	ASSERT_EQ(0, pthread_barrier_init(&shared->barrier, &attr, RACERS));
	for (i = 0; i < RACERS; i++) {
		pid_t pid = fork_child();

		ASSERT_LE(0, pid);
		if (!pid)
			race(shared, &self->node);
	}
	for (i = 0; i < RACERS; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(0, atomic_load(&shared->errors));
	EXPECT_GE(variant->limit ? variant->limit : RACERS, atomic_load(&shared->most));
	/* It was free at the beginning, so it was not refused to all. */
	for (i = 0; i < ROUNDS; i++)
		ASSERT_LE(variant->limit ? 1 : RACERS, atomic_load(&shared->won[i]))
			TH_LOG("round %d", i);
	EXPECT_EQ(0, users(_metadata, self->observer));
}

TEST_HARNESS_MAIN
