// SPDX-License-Identifier: GPL-2.0
/*
 * The attribute "clients" of a node, taken apart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients.h"

static bool parse_line(char *text, struct client_line *line)
{
	unsigned long long id, since_ns;
	char pid[16], *end;
	int at = 0;

	memset(line, 0, sizeof(*line));
	if (sscanf(text, "%llu %15s %u %llu %15s %n", &id, line->role, &line->uid, &since_ns, pid,
		   &at) != 5 || !at)
		return false;
	line->id = id;
	line->since_ns = since_ns;
	snprintf(line->command, sizeof(line->command), "%s", text + at);
	line->shown = strcmp(pid, "-");
	if (!line->shown)
		return !strcmp(line->command, "-");
	line->pid = strtoul(pid, &end, 10);
	return !*end;
}

int clients_parse(const char *text, struct client_line *lines, int max)
{
	char copy[256];
	size_t len;
	int count;

	for (count = 0; *text && count < max; count++) {
		len = strcspn(text, "\n");
		if (len >= sizeof(copy))
			return -EBADMSG;
		memcpy(copy, text, len);
		copy[len] = '\0';
		if (!parse_line(copy, &lines[count]))
			return -EBADMSG;
		text += len;
		text += *text == '\n';
	}
	return count;
}

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
