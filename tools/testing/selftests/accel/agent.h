/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes with users and namespaces of their own, which do what they are told.
 */
#ifndef _ACCEL_SELFTEST_AGENT_H
#define _ACCEL_SELFTEST_AGENT_H

#include "test_node.h"

/* Two ordinary users. */
#define ALICE 1000
#define BOB 1001

/**
 * struct agent_memory - what a test and one of its agents share
 * @path: argument of agent_open(), agent_clients()
 * @flags: argument of agent_open()
 * @fd: argument of agent_close(), agent_test_call()
 * @command: argument of agent_test_call(), agent_bad_call()
 * @uid: argument of agent_seteuid()
 * @name: argument of agent_rename()
 * @clients: result of agent_clients()
 */
struct agent_memory {
	char path[PATH_MAX];
	int flags;
	int fd;
	unsigned int command;
	uid_t uid;
	char name[16];
	struct accel_info_client clients[CLIENTS_MAX];
};

/**
 * struct agent - a process
 * @pid: its number here
 * @socket: to talk to it
 * @memory: shared with it
 */
struct agent {
	pid_t pid;
	int socket;
	struct agent_memory *memory;
};

/*
 * Starts an agent whose user is @uid; it has no capabilities unless that is 0.
 * @flags: CLONE_NEWPID, CLONE_NEWUSER. In a user namespace of its own, @uid is
 * called @inside.
 */
int agent_start(struct agent *agent, uid_t uid, int flags, uid_t inside);
/* It ends by a signal that it cannot handle. */
int agent_kill(struct agent *agent);

/* Lets the agent call a function. Returns what that returns; -EPIPE: it is dead. */
int agent_call(struct agent *agent, int (*call)(struct agent_memory *memory));

/* A file descriptor of the agent's, or an error. */
int agent_open(struct agent *agent, const struct node *node, int flags);
int agent_close(struct agent *agent, int fd);
/* Returns how many clients it sees in the topic, or an error. */
int agent_clients(struct agent *agent, const struct node *node);
int agent_rename(struct agent *agent, const char *name);
/* For agents of root. */
int agent_seteuid(struct agent *agent, uid_t uid);
/* Makes an ioctl with struct accel_test_words, or with a bad pointer. */
int agent_test_call(struct agent *agent, int fd, unsigned int command);
int agent_bad_call(struct agent *agent, int fd, unsigned int command);

/* As fork(); the child does not outlive its parent. */
pid_t fork_child(void);

/* Takes a capability from the calling process; from all of its sets. */
int capability_drop(int capability);
/* Becomes a user, with no capability but this one. */
int become_with_capability(uid_t uid, int capability);

#endif /* _ACCEL_SELFTEST_AGENT_H */
