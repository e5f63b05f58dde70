/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of accelerators. Documentation/accel/observability.rst says what
 * they mean.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM accel

#if !defined(_ACCEL_TRACEPOINTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ACCEL_TRACEPOINTS_H

#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/types.h>

#include <accel/accel.h>

/*
 * Texts are arrays: of a string of variable length, perf trace shows where it
 * is, and bpftrace nothing at all. The longest are the names of ioctls.
 */
#define ACCEL_TRACE_TEXT 48

/* For programs that read the format of an event. */
TRACE_DEFINE_ENUM(ACCEL_ROLE_OBSERVER);
TRACE_DEFINE_ENUM(ACCEL_ROLE_USER);

#define accel_show_role(role)					\
	__print_symbolic(role,					\
			 { ACCEL_ROLE_OBSERVER, "observer" },	\
			 { ACCEL_ROLE_USER, "user" })

/* Somebody has opened the node, or tried to. @client is zero if @ret is not. */
TRACE_EVENT(accel_open,
	TP_PROTO(u32 minor, u64 client, u32 role, int ret),

	TP_ARGS(minor, client, role, ret),

	TP_STRUCT__entry(
		__field(u64, client)
		__field(u32, minor)
		__field(u32, role)
		__field(int, ret)
	),

	TP_fast_assign(
		__entry->client = client;
		__entry->minor = minor;
		__entry->role = role;
		__entry->ret = ret;
	),

	TP_printk("accel%u client=%llu role=%s ret=%d",
		  __entry->minor, __entry->client, accel_show_role(__entry->role), __entry->ret)
);

/* The last descriptor of a file was closed. */
TRACE_EVENT(accel_release,
	TP_PROTO(u32 minor, u64 client),

	TP_ARGS(minor, client),

	TP_STRUCT__entry(
		__field(u64, client)
		__field(u32, minor)
	),

	TP_fast_assign(
		__entry->client = client;
		__entry->minor = minor;
	),

	TP_printk("accel%u client=%llu", __entry->minor, __entry->client)
);

/* An ioctl begins. @name is "-" if the device does not know @command, or is gone. */
TRACE_EVENT(accel_ioctl_begin,
	TP_PROTO(u32 minor, u64 client, u32 command, const char *name),

	TP_ARGS(minor, client, command, name),

	TP_STRUCT__entry(
		__field(u64, client)
		__field(u32, minor)
		__field(u32, command)
		__array(char, name, ACCEL_TRACE_TEXT)
	),

	TP_fast_assign(
		__entry->client = client;
		__entry->minor = minor;
		__entry->command = command;
		strscpy_pad(__entry->name, name);
	),

	TP_printk("accel%u client=%llu command=%#x name=%s",
		  __entry->minor, __entry->client, __entry->command, __entry->name)
);

/* It has ended, after so many nanoseconds. */
TRACE_EVENT(accel_ioctl_end,
	TP_PROTO(u32 minor, u64 client, u32 command, const char *name, int ret, u64 duration_ns),

	TP_ARGS(minor, client, command, name, ret, duration_ns),

	TP_STRUCT__entry(
		__field(u64, client)
		__field(u64, duration_ns)
		__field(u32, minor)
		__field(u32, command)
		__field(int, ret)
		__array(char, name, ACCEL_TRACE_TEXT)
	),

	TP_fast_assign(
		__entry->client = client;
		__entry->duration_ns = duration_ns;
		__entry->minor = minor;
		__entry->command = command;
		__entry->ret = ret;
		strscpy_pad(__entry->name, name);
	),

	TP_printk("accel%u client=%llu command=%#x name=%s ret=%d duration_ns=%llu",
		  __entry->minor, __entry->client, __entry->command, __entry->name,
		  __entry->ret, __entry->duration_ns)
);

/* The device has another state than before. */
TRACE_EVENT(accel_state,
	TP_PROTO(u32 minor, const char *state),

	TP_ARGS(minor, state),

	TP_STRUCT__entry(
		__field(u32, minor)
		__array(char, state, ACCEL_TRACE_TEXT)
	),

	TP_fast_assign(
		__entry->minor = minor;
		strscpy_pad(__entry->state, state);
	),

	TP_printk("accel%u state=%s", __entry->minor, __entry->state)
);

/* A reset has ended, after so many nanoseconds. */
TRACE_EVENT(accel_reset,
	TP_PROTO(u32 minor, const char *cause, int ret, u64 duration_ns),

	TP_ARGS(minor, cause, ret, duration_ns),

	TP_STRUCT__entry(
		__field(u64, duration_ns)
		__field(u32, minor)
		__field(int, ret)
		__array(char, cause, ACCEL_TRACE_TEXT)
	),

	TP_fast_assign(
		__entry->duration_ns = duration_ns;
		__entry->minor = minor;
		__entry->ret = ret;
		strscpy_pad(__entry->cause, cause);
	),

	TP_printk("accel%u cause=%s ret=%d duration_ns=%llu",
		  __entry->minor, __entry->cause, __entry->ret, __entry->duration_ns)
);

/* Something went wrong with the device, for the @count-th time. */
TRACE_EVENT(accel_error,
	TP_PROTO(u32 minor, const char *kind, u64 code, u64 count),

	TP_ARGS(minor, kind, code, count),

	TP_STRUCT__entry(
		__field(u64, code)
		__field(u64, count)
		__field(u32, minor)
		__array(char, kind, ACCEL_TRACE_TEXT)
	),

	TP_fast_assign(
		__entry->code = code;
		__entry->count = count;
		__entry->minor = minor;
		strscpy_pad(__entry->kind, kind);
	),

	TP_printk("accel%u kind=%s code=%#llx count=%llu",
		  __entry->minor, __entry->kind, __entry->code, __entry->count)
);

#endif /* _ACCEL_TRACEPOINTS_H */

/* This part must be outside protection. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE tracepoints
#include <trace/define_trace.h>
