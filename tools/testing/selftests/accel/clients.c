// SPDX-License-Identifier: GPL-2.0
/*
 * The records of the topic CLIENTS.
 */
#include <string.h>

#include "clients.h"

const struct accel_info_client *client_by_id(const struct accel_info_client *clients, int count,
					     __u64 id)
{
	int i;

	for (i = 0; i < count; i++) {
		if (clients[i].id == id)
			return &clients[i];
	}
	return NULL;
}

bool client_well_formed(const struct accel_info_client *client)
{
	size_t i = strnlen(client->command, sizeof(client->command));

	if (i == sizeof(client->command))
		return false;
	while (i < sizeof(client->command)) {
		if (client->command[i++])
			return false;
	}
	return client->id && client->since_ns && client->role <= ACCEL_ROLE_USER &&
	       !client->reserved;
}
