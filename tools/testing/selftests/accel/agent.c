// SPDX-License-Identifier: GPL-2.0
/*
 * Processes with users and namespaces of their own, which do what they are told.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

typedef int (*agent_function)(struct agent_memory *memory);

static int capabilities(struct __user_cap_data_struct data[2], bool set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(set ? SYS_capset : SYS_capget, &header, data) ? -errno : 0;
}

int capability_drop(int capability)
{
	struct __user_cap_data_struct data[2];
	__u32 bit = 1U << (capability % 32);
	int ret;

	ret = capabilities(data, false);
	if (ret)
		return ret;
	data[capability / 32].effective &= ~bit;
	data[capability / 32].permitted &= ~bit;
	data[capability / 32].inheritable &= ~bit;
	return capabilities(data, true);
}

static int become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

int become_with_capability(uid_t uid, int capability)
{
	struct __user_cap_data_struct data[2] = {};
	int ret;

	if (prctl(PR_SET_KEEPCAPS, 1))
		return -errno;
	ret = become(uid);
	if (ret)
		return ret;
	data[capability / 32].permitted = 1U << (capability % 32);
	data[capability / 32].effective = 1U << (capability % 32);
	return capabilities(data, true);
}

pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(255);
	return pid;
}

/* Root outside of a user namespace is what the tests are already. */
#define NOBODY_ELSE ((uid_t)-1)

/* The agent's side. */
static void serve(int socket, struct agent_memory *memory, uid_t uid)
{
	agent_function function;
	int ret;

	/* When the other side is ready for it. */
	if (read(socket, &ret, sizeof(ret)) != sizeof(ret))
		_exit(1);
	ret = uid == NOBODY_ELSE ? 0 : become(uid);
	/* A test that ends early takes its agents along. */
	if (!ret && prctl(PR_SET_PDEATHSIG, SIGKILL))
		ret = -errno;
	while (write(socket, &ret, sizeof(ret)) == sizeof(ret) &&
	       read(socket, &function, sizeof(function)) == sizeof(function))
		ret = function(memory);
	_exit(0);
}

static int map_ids(pid_t pid, uid_t uid, uid_t inside)
{
	char dir[32], map[64];
	int ret;

	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	snprintf(map, sizeof(map), "%u %u 1\n", inside, uid);
	ret = write_file(dir, "uid_map", map);
	return ret ? ret : write_file(dir, "gid_map", map);
}

static int answer(struct agent *agent)
{
	int ret;

	if (read(agent->socket, &ret, sizeof(ret)) != sizeof(ret))
		return -EPIPE;
	return ret;
}

int agent_start(struct agent *agent, uid_t uid, int flags, uid_t inside)
{
	bool new_user = flags & CLONE_NEWUSER;
	int sockets[2];
	int ret = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	agent->memory = mmap(NULL, sizeof(*agent->memory), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (agent->memory == MAP_FAILED)
		return -errno;
	/* As fork() does it, but into new namespaces. The agent may share @agent. */
	pid = syscall(SYS_clone, SIGCHLD | flags, NULL, NULL, NULL, 0);
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(sockets[0]);
		if (!new_user)
			inside = uid ? uid : NOBODY_ELSE;
		serve(sockets[1], agent->memory, inside);
	}
	close(sockets[1]);
	agent->pid = pid;
	agent->socket = sockets[0];
	if (new_user)
		ret = map_ids(agent->pid, uid, inside);
	if (ret)
		return ret;
	if (write(agent->socket, &ret, sizeof(ret)) != sizeof(ret))
		return -EPIPE;
	return answer(agent);
}

int agent_kill(struct agent *agent)
{
	int status;

	if (kill(agent->pid, SIGKILL) || waitpid(agent->pid, &status, 0) != agent->pid)
		return -errno;
	close(agent->socket);
	munmap(agent->memory, sizeof(*agent->memory));
	return WIFSIGNALED(status) ? 0 : -ECHILD;
}

int agent_call(struct agent *agent, agent_function call)
{
	if (send(agent->socket, &call, sizeof(call), MSG_NOSIGNAL) != sizeof(call))
		return -EPIPE;
	return answer(agent);
}

static void set_path(struct agent *agent, const char *path)
{
	snprintf(agent->memory->path, sizeof(agent->memory->path), "%s", path);
}

static int do_open(struct agent_memory *memory)
{
	int fd = open(memory->path, memory->flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int agent_open(struct agent *agent, const struct node *node, int flags)
{
	set_path(agent, node->path);
	agent->memory->flags = flags;
	return agent_call(agent, do_open);
}

static int do_close(struct agent_memory *memory)
{
	return close(memory->fd) ? -errno : 0;
}

int agent_close(struct agent *agent, int fd)
{
	agent->memory->fd = fd;
	return agent_call(agent, do_close);
}

/* Through a file that is not there before and after, but is one of them. */
static int do_clients(struct agent_memory *memory)
{
	int fd, ret;

	fd = open(memory->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = info_read(fd, ACCEL_INFO_CLIENTS, memory->clients, sizeof(memory->clients[0]),
			CLIENTS_MAX);
	close(fd);
	return ret;
}

int agent_clients(struct agent *agent, const struct node *node)
{
	set_path(agent, node->path);
	return agent_call(agent, do_clients);
}

static int do_rename(struct agent_memory *memory)
{
	return prctl(PR_SET_NAME, memory->name) ? -errno : 0;
}

int agent_rename(struct agent *agent, const char *name)
{
	snprintf(agent->memory->name, sizeof(agent->memory->name), "%s", name);
	return agent_call(agent, do_rename);
}

static int do_seteuid(struct agent_memory *memory)
{
	/* Only as root it may become somebody else. */
	return seteuid(0) || seteuid(memory->uid) ? -errno : 0;
}

int agent_seteuid(struct agent *agent, uid_t uid)
{
	agent->memory->uid = uid;
	return agent_call(agent, do_seteuid);
}

static int do_test_call(struct agent_memory *memory)
{
	return test_call(memory->fd, memory->command, 1, 2, NULL);
}

int agent_test_call(struct agent *agent, int fd, unsigned int command)
{
	agent->memory->fd = fd;
	agent->memory->command = command;
	return agent_call(agent, do_test_call);
}

static int do_bad_call(struct agent_memory *memory)
{
	return sys_ioctl(memory->fd, memory->command, NULL);
}

int agent_bad_call(struct agent *agent, int fd, unsigned int command)
{
	agent->memory->fd = fd;
	agent->memory->command = command;
	return agent_call(agent, do_bad_call);
}
