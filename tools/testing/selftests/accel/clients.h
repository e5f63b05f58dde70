/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attribute "clients" of a node, taken apart.
 */
#ifndef _ACCEL_SELFTEST_CLIENTS_H
#define _ACCEL_SELFTEST_CLIENTS_H

#include "agent.h"

/**
 * struct client_line - a line of the attribute
 * @id: of the open file
 * @role: "user" or "observer"
 * @uid: effective user id of its opener
 * @since_ns: when it was opened
 * @shown: whether the process is shown
 * @pid: of the process
 * @command: all that follows
 */
struct client_line {
	__u64 id;
	char role[16];
	__u32 uid;
	__u64 since_ns;
	bool shown;
	__u32 pid;
	char command[128];
};

/* Returns how many lines @text has; -EBADMSG: one of them is not well-formed. */
int clients_parse(const char *text, struct client_line *lines, int max);

/* The client whose file has this number, or NULL. */
const struct accel_info_client *client_by_id(const struct accel_info_client *clients, int count,
					     __u64 id);

/*
 * Whether a record is what it can be at most: a known role, a command that is
 * terminated and filled up with zeros, zeros elsewhere.
 */
bool client_well_formed(const struct accel_info_client *client);

#endif /* _ACCEL_SELFTEST_CLIENTS_H */
