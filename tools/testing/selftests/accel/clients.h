/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The records of the topic CLIENTS.
 */
#ifndef _ACCEL_SELFTEST_CLIENTS_H
#define _ACCEL_SELFTEST_CLIENTS_H

#include "agent.h"

/* The client whose file has this number, or NULL. */
const struct accel_info_client *client_by_id(const struct accel_info_client *clients, int count,
					     __u64 id);

/*
 * Whether a record is what it can be at most: a known role, a command that is
 * terminated and filled up with zeros, zeros elsewhere.
 */
bool client_well_formed(const struct accel_info_client *client);

#endif /* _ACCEL_SELFTEST_CLIENTS_H */
