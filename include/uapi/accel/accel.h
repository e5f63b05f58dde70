/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of compute accelerator devices, /dev/accelerator/accelN.
 */
#ifndef _UAPI_ACCEL_ACCEL_H
#define _UAPI_ACCEL_ACCEL_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: General ioctl format
 *
 * A node is opened in one of two roles. O_RDONLY makes an *observer*, which may
 * ask for information and nothing else; O_RDWR makes a *user*, which may do
 * everything. O_WRONLY is refused with EINVAL. Observers are always let in; a
 * user is refused with EBUSY if the driver's policy does not admit another one
 * (enum accel_open_policy). The policy counts open file descriptions: to fork,
 * dup() a descriptor or pass it on does not open the device again.
 *
 * Every ioctl takes a pointer to a structure whose first member is a __u32
 * size, which the caller sets to the sizeof() that it was compiled with. A
 * structure grows at its end only:
 *
 *  - a size below the structure of the first version: EINVAL;
 *  - a size below the kernel's: the missing tail is taken as zero, and nothing
 *    is written beyond the given size;
 *  - a size above the kernel's: the tail that the kernel does not know must be
 *    zero, else E2BIG, and is not written. So is a size above that of a page.
 *
 * The size itself comes back as it was.
 *
 * All structures are explicitly padded, with the same layout for 32-bit and
 * 64-bit callers. Reserved members must be zero.
 *
 * An array goes by two members of a structure: a __aligned_u64 with its address
 * and a __u32 with the number of its elements. The kernel reads those that are
 * input before the ioctl begins, and writes those that are results when it has
 * succeeded. If there are no elements, the address is not used; if there are more
 * than the ioctl takes, E2BIG.
 *
 * The errors mean the same for every ioctl of every device. ENODEV, ENOTTY,
 * EACCES, EAGAIN or EIO, and EPERM are checked in this order, before the
 * structure is read:
 *
 *  - ENODEV: the device is gone. Nothing but close() works on this file any more.
 *  - ENOTTY: the command does not exist on this device.
 *  - EACCES: the command needs the user role, and the file was opened O_RDONLY;
 *    or it would write to a buffer that the file may only read.
 *  - EAGAIN: the device is being reset, and the file is O_NONBLOCK. Without
 *    that, the call waits. Commands that observers may call do neither.
 *  - EIO: the device is wedged: see enum accel_state. Commands that observers
 *    may call go on working.
 *  - EPERM: the command needs a capability that the caller does not have, or is
 *    a passthrough while passthrough is locked down or switched off.
 *  - EFAULT: a pointer does not refer to accessible memory.
 *  - EINVAL: a size, flag, reserved member or argument is invalid.
 *  - E2BIG: the structure has a non-zero tail that this kernel does not know, or
 *    an array has too many elements.
 *  - EOPNOTSUPP: the request is valid, but this device does not support it.
 *  - ENOENT: there is no buffer of this handle.
 *  - ETIMEDOUT: the device did not finish in time.
 *  - EINTR: a signal was handled while waiting, by a handler that was installed
 *    without SA_RESTART. With that, or if the process was only stopped, frozen
 *    or traced, or had io_uring's work to do, the call goes on waiting.
 *  - ENOMEM: out of memory, or as much is in use as is allowed.
 *
 * An ioctl that fails has not changed anything, with the exceptions that EFAULT
 * while a result is written back leaves the result lost, and that EINTR sets the
 * deadline of those that have one.
 *
 * An ioctl that waits takes a time-out, in milliseconds, and a deadline, in
 * nanoseconds of CLOCK_MONOTONIC, which counts if it is not zero. When a wait is
 * interrupted, its deadline is written back; so a program that makes the call
 * again with the same structure does not wait for longer. To wait anew, set it to
 * zero again.
 */
#define ACCEL_IOC_TYPE 0x9B

/* Command numbers 0x00 to 0x3f belong to all devices, 0x40 to 0xbf to the driver. */
#define ACCEL_IOC_DRIVER_BASE 0x40
#define ACCEL_IOC_DRIVER_END 0xc0

/**
 * enum accel_info_topic_id - what ACCEL_IOC_INFO can be asked about
 * @ACCEL_INFO_LIST: the topics that this device answers,
 *	one struct accel_info_topic each
 * @ACCEL_INFO_DEVICE: what the device is, one struct accel_info_device
 * @ACCEL_INFO_DRIVER: what drives it, one struct accel_info_driver
 * @ACCEL_INFO_FIRMWARE: what runs on it, one struct accel_info_firmware each
 * @ACCEL_INFO_ENGINES: what it can do at the same time, one
 *	struct accel_info_engine each
 * @ACCEL_INFO_MEMORY: where the memory of buffers comes from, one
 *	struct accel_info_memory for each region
 * @ACCEL_INFO_CLOCKS: its clocks, one struct accel_info_clock each
 * @ACCEL_INFO_USAGE: what it has done, one struct accel_info_usage
 * @ACCEL_INFO_STATUS: how it is doing, one struct accel_info_status
 * @ACCEL_INFO_SENSORS: its sensors, one struct accel_info_sensor each
 * @ACCEL_INFO_CLIENTS: who has it open, one struct accel_info_client each
 * @ACCEL_INFO_UAPI: the ioctls that it takes, one struct accel_info_ioctl each
 * @ACCEL_INFO_DRIVER_BASE: the first of the driver's own topics, which its
 *	header documents
 *
 * A topic without content on a device has no records.
 */
enum accel_info_topic_id {
	ACCEL_INFO_LIST = 0,
	ACCEL_INFO_DEVICE = 1,
	ACCEL_INFO_DRIVER = 2,
	ACCEL_INFO_FIRMWARE = 3,
	ACCEL_INFO_ENGINES = 4,
	ACCEL_INFO_MEMORY = 5,
	ACCEL_INFO_CLOCKS = 6,
	ACCEL_INFO_USAGE = 7,
	ACCEL_INFO_STATUS = 8,
	ACCEL_INFO_SENSORS = 9,
	ACCEL_INFO_CLIENTS = 10,
	ACCEL_INFO_UAPI = 11,
	ACCEL_INFO_DRIVER_BASE = 0x8000,
};

/**
 * struct accel_info - ioctl(ACCEL_IOC_INFO)
 * @size: sizeof(struct accel_info)
 * @topic: in: one of enum accel_info_topic_id
 * @index: in: the first record that is wanted
 * @flags: must be zero
 * @data_ptr: in: user pointer to an array of records, may be NULL if @data_len
 *	is zero
 * @data_len: in: bytes that @data_ptr has room for; out: bytes that all records
 *	from @index on take, at the distance that was asked for
 * @record_size: in: bytes from one record of the array to the next, at most
 *	4096, zero for the size in the kernel; out: size of a record in the kernel
 * @count: in: must be zero; out: records that were written
 *
 * Only whole records are written. A record that is larger in the kernel than
 * in the array is cut, one that is smaller is filled up with zeros; so a
 * program that was compiled against another version of a record works. Call
 * with @data_len zero to learn the size. An @index beyond the end gives no
 * records, and is no error.
 *
 * Observers may call this. An unknown topic is EINVAL.
 */
struct accel_info {
	__u32 size;
	__u32 topic;
	__u32 index;
	__u32 flags;
	__aligned_u64 data_ptr;
	__aligned_u64 data_len;
	__u32 record_size;
	__u32 count;
};

#define ACCEL_IOC_INFO _IO(ACCEL_IOC_TYPE, 0x00)

/**
 * struct accel_info_topic - record of ACCEL_INFO_LIST
 * @topic: one of enum accel_info_topic_id
 * @record_size: size of one of its records in the kernel
 * @count: how many records it has now
 * @reserved: zero
 */
struct accel_info_topic {
	__u32 topic;
	__u32 record_size;
	__u32 count;
	__u32 reserved;
};

/**
 * struct accel_info_device - record of ACCEL_INFO_DEVICE
 * @minor: N of accelN
 * @vendor: vendor id, zero if the bus has none
 * @device: device id, zero if the bus has none
 * @subsystem_vendor: subsystem vendor id, zero if the bus has none
 * @subsystem_device: subsystem device id, zero if the bus has none
 * @revision: revision, zero if the bus has none
 * @numa_node: NUMA node of the device, -1 if it has none
 * @reserved: zero
 * @bus: name of the bus ("pci"), NUL-terminated
 * @address: name of the device on its bus ("0000:00:04.0"), NUL-terminated
 */
struct accel_info_device {
	__u32 minor;
	__u32 vendor;
	__u32 device;
	__u32 subsystem_vendor;
	__u32 subsystem_device;
	__u32 revision;
	__s32 numa_node;
	__u32 reserved;
	char bus[32];
	char address[64];
};

/**
 * enum accel_open_policy - whom a driver admits as users
 * @ACCEL_OPEN_SHARED: everybody
 * @ACCEL_OPEN_EXCLUSIVE: one at a time
 * @ACCEL_OPEN_LIMITED: so many at a time
 * @ACCEL_OPEN_PER_USER: so many at a time of each effective user id
 */
enum accel_open_policy {
	ACCEL_OPEN_SHARED = 0,
	ACCEL_OPEN_EXCLUSIVE = 1,
	ACCEL_OPEN_LIMITED = 2,
	ACCEL_OPEN_PER_USER = 3,
};

/**
 * struct accel_info_driver - record of ACCEL_INFO_DRIVER
 * @name: the driver's name, NUL-terminated as are all strings here
 * @version: its version
 * @user_space_url: where to find the open user space that goes with it
 * @user_space_license: SPDX expression of that user space's licence
 * @documentation_url: where its interface is documented
 * @open_policy: one of enum accel_open_policy
 * @open_limit: how many that admits, zero if any number
 */
struct accel_info_driver {
	char name[32];
	char version[32];
	char user_space_url[128];
	char user_space_license[64];
	char documentation_url[128];
	__u32 open_policy;
	__u32 open_limit;
};

/**
 * struct accel_info_firmware - record of ACCEL_INFO_FIRMWARE
 * @name: what it is for, NUL-terminated
 * @version: its version, NUL-terminated
 */
struct accel_info_firmware {
	char name[32];
	char version[64];
};

/**
 * enum accel_engine_class - what an engine is for
 * @ACCEL_ENGINE_OTHER: none of the following
 * @ACCEL_ENGINE_COMPUTE: computing
 * @ACCEL_ENGINE_COPY: moving data
 */
enum accel_engine_class {
	ACCEL_ENGINE_OTHER = 0,
	ACCEL_ENGINE_COMPUTE = 1,
	ACCEL_ENGINE_COPY = 2,
};

/**
 * struct accel_info_engine - record of ACCEL_INFO_ENGINES
 * @name: its name, NUL-terminated
 * @engine_class: one of enum accel_engine_class
 * @count: how many of its kind there are
 */
struct accel_info_engine {
	char name[32];
	__u32 engine_class;
	__u32 count;
};

/**
 * enum accel_memory_kind - what a region of memory is
 * @ACCEL_MEMORY_SYSTEM: pages of the system's memory
 * @ACCEL_MEMORY_DEVICE: memory of the device
 * @ACCEL_MEMORY_COHERENT: memory of the system that is allocated for the device,
 *	and that both see alike at any time
 */
enum accel_memory_kind {
	ACCEL_MEMORY_SYSTEM = 0,
	ACCEL_MEMORY_DEVICE = 1,
	ACCEL_MEMORY_COHERENT = 2,
};

/**
 * struct accel_info_memory - record of ACCEL_INFO_MEMORY
 * @name: its name, NUL-terminated
 * @kind: one of enum accel_memory_kind
 * @reserved: zero
 * @total: how large it is, bytes; zero if only the system limits it
 * @in_use: how much of it the buffers of the device have, bytes
 *
 * The index of a record is the number of its region. Number 0 is the system's
 * memory.
 */
struct accel_info_memory {
	char name[32];
	__u32 kind;
	__u32 reserved;
	__aligned_u64 total;
	__aligned_u64 in_use;
};

/**
 * struct accel_info_clock - record of ACCEL_INFO_CLOCKS
 * @name: which clock, NUL-terminated
 * @current_hz: its frequency when the driver last looked, Hz
 * @max_hz: the highest that it can have, Hz
 */
struct accel_info_clock {
	char name[32];
	__aligned_u64 current_hz;
	__aligned_u64 max_hz;
};

/**
 * struct accel_info_usage - record of ACCEL_INFO_USAGE
 * @busy_ns: time spent on work that is completed, nanoseconds; work that ran at
 *	the same time counts each by itself
 * @submitted: how many pieces of work were begun
 * @completed: how many of those have ended
 *
 * All three only grow.
 */
struct accel_info_usage {
	__aligned_u64 busy_ns;
	__aligned_u64 submitted;
	__aligned_u64 completed;
};

/**
 * enum accel_quantity - what a sensor measures
 * @ACCEL_QUANTITY_POWER: power, in microwatts
 * @ACCEL_QUANTITY_TEMPERATURE: temperature, in thousandths of a degree Celsius
 * @ACCEL_QUANTITY_VOLTAGE: voltage, in millivolts
 * @ACCEL_QUANTITY_CURRENT: current, in milliamperes
 * @ACCEL_QUANTITY_FAN: speed of a fan, in revolutions per minute
 */
enum accel_quantity {
	ACCEL_QUANTITY_POWER = 0,
	ACCEL_QUANTITY_TEMPERATURE = 1,
	ACCEL_QUANTITY_VOLTAGE = 2,
	ACCEL_QUANTITY_CURRENT = 3,
	ACCEL_QUANTITY_FAN = 4,
};

/**
 * enum accel_sensor_flags - what is known of a sensor
 * @ACCEL_SENSOR_MAX: the value that it is not meant to exceed
 * @ACCEL_SENSOR_CRITICAL: the value at which the device protects itself
 */
enum accel_sensor_flags {
	ACCEL_SENSOR_MAX = 1 << 0,
	ACCEL_SENSOR_CRITICAL = 1 << 1,
};

/**
 * struct accel_info_sensor - record of ACCEL_INFO_SENSORS
 * @name: where it is, NUL-terminated
 * @quantity: one of enum accel_quantity, which says the unit
 * @flags: combination of enum accel_sensor_flags
 * @value: what it showed when the driver last looked
 * @max: if @flags has ACCEL_SENSOR_MAX, else zero
 * @critical: if @flags has ACCEL_SENSOR_CRITICAL, else zero
 */
struct accel_info_sensor {
	char name[32];
	__u32 quantity;
	__u32 flags;
	__s64 value;
	__s64 max;
	__s64 critical;
};

/**
 * enum accel_state - state of a device
 * @ACCEL_STATE_RUNNING: takes work
 * @ACCEL_STATE_RESETTING: is being reset; calls of users wait until that is over
 * @ACCEL_STATE_WEDGED: takes no work any more: calls of users fail with EIO, and
 *	poll() says POLLERR to them
 * @ACCEL_STATE_GONE: every ioctl fails with ENODEV, so only events say so
 */
enum accel_state {
	ACCEL_STATE_RUNNING = 0,
	ACCEL_STATE_RESETTING = 1,
	ACCEL_STATE_WEDGED = 2,
	ACCEL_STATE_GONE = 3,
};

/**
 * enum accel_error - what went wrong with a device
 * @ACCEL_ERROR_NONE: nothing so far
 * @ACCEL_ERROR_HARDWARE: the hardware; the code is the driver's
 * @ACCEL_ERROR_FIRMWARE: the firmware; the code is the driver's
 * @ACCEL_ERROR_TIMEOUT: work was not done in its time; the code is how many
 *	pieces of work it was, or the driver's
 * @ACCEL_ERROR_RESET_FAILED: the device could not be reset; the code is the
 *	error number
 * @ACCEL_ERROR_RESET_STORM: the device needed too many resets in a short time;
 *	the code is how many the driver allows
 * @ACCEL_ERROR_POWER_FAILED: the device could not be put to sleep, or be woken;
 *	the code is the error number
 * @ACCEL_ERROR_BUS: the bus has found an error of the device, or of the way to
 *	it; the code is 1 if the bus goes on working, 2 if it had to be reset, and
 *	3 if the device is lost to it
 */
enum accel_error {
	ACCEL_ERROR_NONE = 0,
	ACCEL_ERROR_HARDWARE = 1,
	ACCEL_ERROR_FIRMWARE = 2,
	ACCEL_ERROR_TIMEOUT = 3,
	ACCEL_ERROR_RESET_FAILED = 4,
	ACCEL_ERROR_RESET_STORM = 5,
	ACCEL_ERROR_POWER_FAILED = 6,
	ACCEL_ERROR_BUS = 7,
};

/**
 * struct accel_info_status - record of ACCEL_INFO_STATUS
 * @state: one of enum accel_state
 * @users: files that are open in the user role
 * @observers: files that are open in the observer role
 * @last_error: one of enum accel_error
 * @registered_ns: CLOCK_MONOTONIC time at which the device appeared, nanoseconds
 * @state_ns: CLOCK_MONOTONIC time since which it is in this state, nanoseconds
 * @resets: how many resets were begun
 * @errors: how many errors there were
 * @last_error_ns: CLOCK_MONOTONIC time of the last error, nanoseconds; zero if
 *	there was none
 * @last_error_code: says more about that, see enum accel_error
 */
struct accel_info_status {
	__u32 state;
	__u32 users;
	__u32 observers;
	__u32 last_error;
	__aligned_u64 registered_ns;
	__aligned_u64 state_ns;
	__aligned_u64 resets;
	__aligned_u64 errors;
	__aligned_u64 last_error_ns;
	__aligned_u64 last_error_code;
};

/**
 * enum accel_role - roles of an open file
 * @ACCEL_ROLE_OBSERVER: opened O_RDONLY
 * @ACCEL_ROLE_USER: opened O_RDWR
 */
enum accel_role {
	ACCEL_ROLE_OBSERVER = 0,
	ACCEL_ROLE_USER = 1,
};

/**
 * struct accel_info_client - record of ACCEL_INFO_CLIENTS
 * @id: number of the open file, unique for as long as the device exists
 * @since_ns: CLOCK_MONOTONIC time at which it was opened, nanoseconds
 * @role: one of enum accel_role
 * @uid: effective user id of the process that opened it, in the user namespace
 *	of the caller; 0xffffffff if it has none there
 * @pid: process that opened it, in the PID namespace of the caller; zero if it
 *	has none there, or is not shown
 * @reserved: zero
 * @command: name of that process when it opened the file, NUL-terminated; empty
 *	if not shown
 *
 * Records are in the order of @id. @pid and @command are shown to callers with
 * the same effective user id, and to those with CAP_SYS_PTRACE.
 */
struct accel_info_client {
	__aligned_u64 id;
	__aligned_u64 since_ns;
	__u32 role;
	__u32 uid;
	__u32 pid;
	__u32 reserved;
	char command[16];
};

/**
 * enum accel_ioctl_flags - properties of an ioctl
 * @ACCEL_IOCTL_IN: its structure carries arguments to the kernel
 * @ACCEL_IOCTL_OUT: its structure carries results back
 * @ACCEL_IOCTL_OBSERVER: observers may call it
 * @ACCEL_IOCTL_CAPABILITY: the caller needs a capability
 * @ACCEL_IOCTL_PASSTHROUGH: it hands an opaque payload to the device or its
 *	firmware; needs CAP_SYS_RAWIO, is refused under lockdown, and can be
 *	switched off by the parameter "passthrough" of the module accel
 * @ACCEL_IOCTL_POWERED: the device is woken for it, if it is asleep
 * @ACCEL_IOCTL_CONFINED: it hands an opaque payload to the device, which keeps
 *	that to what the file has been given: the memory of its own buffers, and
 *	its own contexts. Never together with ACCEL_IOCTL_PASSTHROUGH
 */
enum accel_ioctl_flags {
	ACCEL_IOCTL_IN = 1 << 0,
	ACCEL_IOCTL_OUT = 1 << 1,
	ACCEL_IOCTL_OBSERVER = 1 << 2,
	ACCEL_IOCTL_CAPABILITY = 1 << 3,
	ACCEL_IOCTL_PASSTHROUGH = 1 << 4,
	ACCEL_IOCTL_POWERED = 1 << 5,
	ACCEL_IOCTL_CONFINED = 1 << 6,
};

/**
 * struct accel_info_ioctl - record of ACCEL_INFO_UAPI
 * @command: the number to pass to ioctl()
 * @size: sizeof() its structure in the kernel
 * @min_size: the smallest size that it accepts
 * @flags: combination of enum accel_ioctl_flags
 * @capability: number of the capability that the caller needs, if @flags has
 *	ACCEL_IOCTL_CAPABILITY
 * @reserved: zero
 * @name: its name in the C header, NUL-terminated
 * @description: what it does, one line, NUL-terminated
 */
struct accel_info_ioctl {
	__u32 command;
	__u32 size;
	__u32 min_size;
	__u32 flags;
	__u32 capability;
	__u32 reserved;
	char name[48];
	char description[128];
};

/**
 * DOC: Events
 *
 * A file, in either role, can subscribe to what happens to the device, by
 * ACCEL_IOC_EVENTS. Events are then read from it, as an array of
 * struct accel_event: read() returns as many whole records as there are, and
 * the buffer has room for. poll() says POLLIN if there is at least one. If the
 * caller gives an eventfd, one is added to its count when there are new events,
 * once for all that have come together.
 *
 * The device keeps the last 64 events of each class. Those that a file has not
 * read before later ones have taken their place are lost for it, and their number
 * is told: by a record of kind ACCEL_EVENT_LOST, in the place of the missing ones.
 *
 * 4096 open files of a user can be subscribed to a device, and 65536 of all users;
 * those with CAP_SYS_RESOURCE may exceed both.
 *
 * read() fails with:
 *
 *  - EINVAL: the buffer is smaller than a record, or the file has never
 *    subscribed.
 *  - EAGAIN: there are no events, and the file is O_NONBLOCK. Without that, it
 *    waits.
 *  - EINTR: a signal was handled while waiting; see above.
 *  - ENODEV: the device is gone, and all its events have been read.
 *  - EFAULT: the buffer is not accessible memory. If it is so from some record on,
 *    read() returns those before; the others can still be read.
 *
 * The last event of a device is that it is gone. When it goes, all eventfds of
 * subscribers are signalled, whatever they have subscribed to.
 */

/**
 * enum accel_event_class - what a file can subscribe to
 * @ACCEL_EVENT_CLASS_STATE: changes of the state: ACCEL_EVENT_STATE
 * @ACCEL_EVENT_CLASS_ERROR: errors: ACCEL_EVENT_ERROR
 * @ACCEL_EVENT_CLASS_DRIVER: what the driver has to say, see its header
 */
enum accel_event_class {
	ACCEL_EVENT_CLASS_STATE = 1 << 0,
	ACCEL_EVENT_CLASS_ERROR = 1 << 1,
	ACCEL_EVENT_CLASS_DRIVER = 1 << 2,
};

/**
 * enum accel_event_kind - what has happened
 * @ACCEL_EVENT_LOST: events were lost. data[0]: how many, data[1]: of which class,
 *	one of enum accel_event_class; sequence and time_ns are those of the last
 *	event of the class that is not kept any more. In every class
 * @ACCEL_EVENT_STATE: the state has changed. data[0]: to what, data[1]: from
 *	what, one of enum accel_state each; data[2]: how many resets were begun
 * @ACCEL_EVENT_ERROR: an error. data[0]: one of enum accel_error; data[1]: its
 *	code, see there; data[2]: how many errors there were
 * @ACCEL_EVENT_DRIVER_BASE: the first of the driver's own kinds
 */
enum accel_event_kind {
	ACCEL_EVENT_LOST = 0,
	ACCEL_EVENT_STATE = 1,
	ACCEL_EVENT_ERROR = 2,
	ACCEL_EVENT_DRIVER_BASE = 0x8000,
};

/**
 * struct accel_events - ioctl(ACCEL_IOC_EVENTS)
 * @size: sizeof(struct accel_events)
 * @classes: in: combination of enum accel_event_class; takes the place of what
 *	was subscribed to before. Zero to unsubscribe: what there is can still be
 *	read. A class that is subscribed to again begins anew
 * @eventfd: in: an eventfd to signal, -1 for none, as it must be if @classes is
 *	zero; takes the place of the one before. EBADF if it is not open
 * @flags: must be zero
 *
 * Observers may call this. It goes on as long as the file is open. ENOMEM if too
 * many files are subscribed.
 */
struct accel_events {
	__u32 size;
	__u32 classes;
	__s32 eventfd;
	__u32 flags;
};

#define ACCEL_IOC_EVENTS _IO(ACCEL_IOC_TYPE, 0x10)

/**
 * struct accel_event - what read() returns
 * @size: sizeof(struct accel_event) in the kernel: the next record is that many
 *	bytes from this one
 * @kind: one of enum accel_event_kind
 * @sequence: number of the event on this device, from one on, while there are
 *	subscribers; a subscriber of some classes sees gaps
 * @time_ns: CLOCK_MONOTONIC time at which it was sent, nanoseconds
 * @data: depends on @kind; zero where nothing is said of it
 */
struct accel_event {
	__u32 size;
	__u32 kind;
	__aligned_u64 sequence;
	__aligned_u64 time_ns;
	__aligned_u64 data[3];
};

/**
 * DOC: Buffers
 *
 * A buffer is memory that a process and the device share. A user creates it and
 * knows it by a handle, a number that only means something in this open file:
 * ENOENT if there is no buffer of that handle. Handles are never zero.
 *
 * The memory is there, and filled with zeros, when the buffer has been created.
 * That of the system is charged to the memory control group of the caller.
 * ENOMEM, if the system or that group has too little, the file has as much as the
 * driver or the administrator (by the parameters "max_buffers" and
 * "max_buffer_bytes" of the module accel) allow, or all buffers of all devices have
 * their share of the system's memory ("max_memory_percent": half of it, by
 * default). ENOSPC, if the memory of the device is used up, or has
 * no piece that is large enough, and nobody's idle buffer can be moved away.
 *
 * Where a movable buffer is does not show, other than by how it is accounted:
 * handles, mappings and dma-bufs are of the buffer. If it is moved to the memory
 * of the system, that is charged to the group of the process that has created it.
 * When the device goes, it is like others of the memory that it is in then.
 *
 * A buffer lives as long as something refers to it: its handle, a mapping, or
 * the device that works on it. When the device goes, mappings of system memory
 * stay what they are, and those of the device's memory are SIGBUS; handles are
 * of no more use. Closing the file gives up all of them. While the device is
 * being reset, who touches memory of the device waits, and can be killed
 * meanwhile; if the device is wedged, that is SIGBUS.
 *
 * Devices that have no buffers return EOPNOTSUPP for all of this.
 */

/**
 * enum accel_bo_flags - properties of a buffer
 * @ACCEL_BO_POPULATE: a mapping of the node has all its pages at once, rather
 *	than each by a page fault; of no effect if the memory is not the system's
 * @ACCEL_BO_MOVABLE: the buffer, which is in memory of the device, may be moved
 *	to that of the system to make room for others, and back when the device
 *	works on it; not with ACCEL_BO_POPULATE
 */
enum accel_bo_flags {
	ACCEL_BO_POPULATE = 1 << 0,
	ACCEL_BO_MOVABLE = 1 << 1,
};

/**
 * struct accel_bo_create - ioctl(ACCEL_IOC_BO_CREATE)
 * @size: sizeof(struct accel_bo_create)
 * @region: in: where the memory comes from: number of a region, see
 *	struct accel_info_memory
 * @bytes: in: how large it is to be, not zero; out: how large it is, a multiple
 *	of the page size
 * @flags: in: combination of enum accel_bo_flags
 * @handle: in: must be zero; out: its handle
 */
struct accel_bo_create {
	__u32 size;
	__u32 region;
	__aligned_u64 bytes;
	__u32 flags;
	__u32 handle;
};

#define ACCEL_IOC_BO_CREATE _IO(ACCEL_IOC_TYPE, 0x01)

/**
 * struct accel_bo_info - ioctl(ACCEL_IOC_BO_INFO)
 * @size: sizeof(struct accel_bo_info)
 * @handle: in: the buffer
 * @bytes: in: must be zero; out: how large it is
 * @region: in: must be zero; out: where its memory comes from, or is just now
 *	if it can be moved; ACCEL_REGION_FOREIGN for a dma-buf of somebody else,
 *	and for memory of a process
 * @flags: in: must be zero; out: combination of enum accel_bo_flags
 */
struct accel_bo_info {
	__u32 size;
	__u32 handle;
	__aligned_u64 bytes;
	__u32 region;
	__u32 flags;
};

#define ACCEL_IOC_BO_INFO _IO(ACCEL_IOC_TYPE, 0x02)

/* Not a region of the device. */
#define ACCEL_REGION_FOREIGN 0xffffffff

/**
 * struct accel_bo_close - ioctl(ACCEL_IOC_BO_CLOSE)
 * @size: sizeof(struct accel_bo_close)
 * @handle: in: the buffer, whose handle is free again
 */
struct accel_bo_close {
	__u32 size;
	__u32 handle;
};

#define ACCEL_IOC_BO_CLOSE _IO(ACCEL_IOC_TYPE, 0x03)

/**
 * struct accel_bo_mmap_offset - ioctl(ACCEL_IOC_BO_MMAP_OFFSET)
 * @size: sizeof(struct accel_bo_mmap_offset)
 * @handle: in: the buffer
 * @offset: in: must be zero; out: where it is in the file, for mmap()
 *
 * Any part of the buffer can be mapped, shared, by a file that has it and has
 * asked for its offset; by any other file that is EINVAL. The offset is the
 * buffer's until nothing refers to that any more. It is between 1 TiB and 16 TiB,
 * where 32-bit programs can map it, as long as there is room; what is below 1 TiB
 * is for what the driver maps itself. ENOMEM if there is no room at all.
 */
struct accel_bo_mmap_offset {
	__u32 size;
	__u32 handle;
	__aligned_u64 offset;
};

#define ACCEL_IOC_BO_MMAP_OFFSET _IO(ACCEL_IOC_TYPE, 0x04)

/**
 * enum accel_userptr_flags - how a buffer is made of memory of a process
 * @ACCEL_USERPTR_READONLY: it is only read: the process needs not be able to write
 *	to the memory, and neither the kernel nor the device does
 */
enum accel_userptr_flags {
	ACCEL_USERPTR_READONLY = 1 << 0,
};

/**
 * struct accel_bo_userptr - ioctl(ACCEL_IOC_BO_USERPTR)
 * @size: sizeof(struct accel_bo_userptr)
 * @flags: combination of enum accel_userptr_flags
 * @address: in: where in the memory of the process it begins, a multiple of the
 *	page size
 * @bytes: in: how large it is, a multiple of the page size, not zero
 * @handle: in: must be zero; out: its handle
 * @reserved: must be zero
 *
 * Makes a buffer of memory that the process has, and can write to unless @flags has
 * ACCEL_USERPTR_READONLY: then work that writes to the buffer is EACCES. Its pages
 * stay where they are as long as the buffer does, and count as locked memory of the
 * user of the process, together with what the user's other processes have
 * pinned, ended ones included (RLIMIT_MEMLOCK, ENOMEM; not with CAP_IPC_LOCK).
 *
 * If the process unmaps them, or gets others in their place, the buffer is lost:
 * using it is EFAULT, unless they come back. It can be neither mapped nor exported
 * (EOPNOTSUPP). EFAULT if the process cannot write to all of it, or with that flag,
 * cannot read it; EAGAIN if it changes its mappings all the time. Kernels without
 * CONFIG_MMU_NOTIFIER return EOPNOTSUPP.
 */
struct accel_bo_userptr {
	__u32 size;
	__u32 flags;
	__aligned_u64 address;
	__aligned_u64 bytes;
	__u32 handle;
	__u32 reserved;
};

#define ACCEL_IOC_BO_USERPTR _IO(ACCEL_IOC_TYPE, 0x05)

/**
 * struct accel_bo_export - ioctl(ACCEL_IOC_BO_EXPORT)
 * @size: sizeof(struct accel_bo_export)
 * @handle: in: the buffer
 * @flags: in: a combination of O_CLOEXEC and O_RDWR, for the new descriptor
 * @fd: in: must be zero; out: a descriptor of a dma-buf with the same memory
 *
 * The dma-buf can be handed to other drivers and processes, and mapped. It does
 * not depend on the handle or the open file, nor on the device if the memory is
 * the system's. Memory of the device is taken back when that goes: mapping it
 * again is ENODEV, and what processes have mapped is SIGBUS. A buffer that was
 * imported gives the dma-buf that it was made of. One that the file may only read
 * is EACCES with O_RDWR.
 */
struct accel_bo_export {
	__u32 size;
	__u32 handle;
	__u32 flags;
	__s32 fd;
};

#define ACCEL_IOC_BO_EXPORT _IO(ACCEL_IOC_TYPE, 0x06)

/**
 * struct accel_bo_import - ioctl(ACCEL_IOC_BO_IMPORT)
 * @size: sizeof(struct accel_bo_import)
 * @fd: in: a descriptor of a dma-buf, which can be closed afterwards
 * @bytes: in: must be zero; out: how large it is
 * @flags: must be zero
 * @handle: in: must be zero; out: its handle
 *
 * What this file has already, because it has exported or imported it before,
 * comes back under the handle that it has; it is to be closed once. A buffer of
 * another file of the same device is the same buffer. EBADF if there is no such
 * descriptor, EINVAL if it is of something else, or not made of whole pages; EAGAIN
 * if others have its reservation locked, and the device is to be reset; or what the
 * exporter says, if the device cannot work on its memory.
 *
 * If the exporter takes the memory back, new work on it is EAGAIN until all that is
 * under way is done, and then what the exporter says: of another device of this
 * kind, EAGAIN while that is reset, EIO if it is wedged, ENODEV if it is gone.
 *
 * If the descriptor is open for reading only, the file may only read the buffer,
 * unless it has it, or imports it later, by a descriptor that is open for writing,
 * too: to map it for writing, or to have the device write to it, is EACCES.
 */
struct accel_bo_import {
	__u32 size;
	__s32 fd;
	__aligned_u64 bytes;
	__u32 flags;
	__u32 handle;
};

#define ACCEL_IOC_BO_IMPORT _IO(ACCEL_IOC_TYPE, 0x07)

/**
 * DOC: Timelines
 *
 * A timeline has a value, which only grows, and points, which are numbers. A point
 * is *signalled* when the value is as high or higher. Programs wait for points, of
 * work of devices, and of each other.
 *
 * A point is *submitted* when it is certain that it will be signalled: when a fence
 * was attached to it, by ACCEL_IOC_TIMELINE_ATTACH or by an ioctl of the driver, or
 * when ACCEL_IOC_TIMELINE_SIGNAL was called. Points are submitted in ascending order,
 * and are signalled in that order: the value becomes that of a submitted point when
 * that and all before it are done. One may wait for a point that is not submitted,
 * and may never be. Nothing else in the kernel waits for such a one: there is no
 * fence of it.
 *
 * A user creates a timeline, and knows it by a handle, a number that only means
 * something in this open file: ENOENT if there is no timeline of that handle. No
 * handle is zero, or that of something else. The timeline itself belongs to no device
 * and to no file: it lives as long as there are handles and descriptors of it, in any
 * process, and as long as a call waits for it. When a device is reset, wedged or
 * gone, the fences of its work are signalled, and so are the points that they are
 * attached to; and all of these ioctls do on its node what all ioctls do.
 *
 * There are at most ACCEL_TIMELINE_MAX handles in an open file, and of a timeline, at
 * most ACCEL_TIMELINE_MAX_SUBMITTED points that are submitted and not signalled, and
 * as many eventfds that are not signalled: ENOMEM. All of it is charged to the memory
 * control group of the caller.
 */

#define ACCEL_TIMELINE_MAX 4096
#define ACCEL_TIMELINE_MAX_SUBMITTED 1024
#define ACCEL_TIMELINE_MAX_WAIT 1024

/**
 * struct accel_timeline_create - ioctl(ACCEL_IOC_TIMELINE_CREATE)
 * @size: sizeof(struct accel_timeline_create)
 * @flags: must be zero
 * @value: in: the first value; all points up to it are signalled
 * @handle: in: must be zero; out: its handle
 * @reserved: must be zero
 */
struct accel_timeline_create {
	__u32 size;
	__u32 flags;
	__aligned_u64 value;
	__u32 handle;
	__u32 reserved;
};

#define ACCEL_IOC_TIMELINE_CREATE _IO(ACCEL_IOC_TYPE, 0x20)

/**
 * struct accel_timeline_close - ioctl(ACCEL_IOC_TIMELINE_CLOSE)
 * @size: sizeof(struct accel_timeline_close)
 * @handle: in: the timeline, whose handle is free again
 *
 * Calls that wait for the timeline go on waiting.
 */
struct accel_timeline_close {
	__u32 size;
	__u32 handle;
};

#define ACCEL_IOC_TIMELINE_CLOSE _IO(ACCEL_IOC_TYPE, 0x21)

/**
 * struct accel_timeline_query - ioctl(ACCEL_IOC_TIMELINE_QUERY)
 * @size: sizeof(struct accel_timeline_query)
 * @handle: in: the timeline
 * @value: in: must be zero; out: its value, the last point that is signalled
 * @submitted: in: must be zero; out: the last point that is submitted
 * @failed_point: in: must be zero; out: the last signalled point whose work has
 *	failed, zero if there was none
 * @error: in: must be zero; out: why that has failed, an error number, zero if there
 *	was none
 * @reserved: must be zero
 *
 * A point is signalled when its work is over, however that has ended.
 */
struct accel_timeline_query {
	__u32 size;
	__u32 handle;
	__aligned_u64 value;
	__aligned_u64 submitted;
	__aligned_u64 failed_point;
	__u32 error;
	__u32 reserved;
};

#define ACCEL_IOC_TIMELINE_QUERY _IO(ACCEL_IOC_TYPE, 0x22)

/**
 * struct accel_timeline_signal - ioctl(ACCEL_IOC_TIMELINE_SIGNAL)
 * @size: sizeof(struct accel_timeline_signal)
 * @handle: in: the timeline
 * @point: in: higher than all that are submitted, else EINVAL
 *
 * Submits the point, which is signalled at once if no work is under way that was
 * submitted before, else with the last of that.
 */
struct accel_timeline_signal {
	__u32 size;
	__u32 handle;
	__aligned_u64 point;
};

#define ACCEL_IOC_TIMELINE_SIGNAL _IO(ACCEL_IOC_TYPE, 0x23)

/**
 * struct accel_timeline_point - a point
 * @handle: the timeline
 * @reserved: must be zero
 * @point: its number
 */
struct accel_timeline_point {
	__u32 handle;
	__u32 reserved;
	__aligned_u64 point;
};

/**
 * enum accel_timeline_flags - what is waited for
 * @ACCEL_TIMELINE_ALL: all points, rather than any of them
 * @ACCEL_TIMELINE_SUBMITTED: that they are submitted, rather than signalled
 */
enum accel_timeline_flags {
	ACCEL_TIMELINE_ALL = 1 << 0,
	ACCEL_TIMELINE_SUBMITTED = 1 << 1,
};

/**
 * struct accel_timeline_wait - ioctl(ACCEL_IOC_TIMELINE_WAIT)
 * @size: sizeof(struct accel_timeline_wait)
 * @flags: in: combination of enum accel_timeline_flags
 * @points_ptr: in: user pointer to an array of struct accel_timeline_point
 * @count: in: how many there are: none is EINVAL, more than ACCEL_TIMELINE_MAX_WAIT
 *	is E2BIG
 * @timeout_ms: in: how long to wait, in milliseconds, a day at most
 * @deadline_ns: in: CLOCK_MONOTONIC time at which to give up, nanoseconds; zero to go
 *	by @timeout_ms. Out, with EINTR: when the call would have given up
 * @index: in: must be zero; out: which of the points it is, the first in the array if
 *	several are; zero with ACCEL_TIMELINE_ALL
 * @reserved: must be zero
 *
 * ETIMEDOUT if the time is over, and what is waited for has not happened. When the
 * device is reset, this goes on waiting; EIO if it is wedged, ENODEV if it is gone.
 */
struct accel_timeline_wait {
	__u32 size;
	__u32 flags;
	__aligned_u64 points_ptr;
	__u32 count;
	__u32 timeout_ms;
	__aligned_u64 deadline_ns;
	__u32 index;
	__u32 reserved;
};

#define ACCEL_IOC_TIMELINE_WAIT _IO(ACCEL_IOC_TYPE, 0x24)

/**
 * struct accel_timeline_export - ioctl(ACCEL_IOC_TIMELINE_EXPORT)
 * @size: sizeof(struct accel_timeline_export)
 * @handle: in: the timeline
 * @flags: in: O_CLOEXEC or zero, for the new descriptor
 * @fd: in: must be zero; out: a descriptor of the timeline
 *
 * The descriptor can be handed to other processes, which import it by any node of
 * this kind. It can neither be read nor polled.
 */
struct accel_timeline_export {
	__u32 size;
	__u32 handle;
	__u32 flags;
	__s32 fd;
};

#define ACCEL_IOC_TIMELINE_EXPORT _IO(ACCEL_IOC_TYPE, 0x25)

/**
 * struct accel_timeline_import - ioctl(ACCEL_IOC_TIMELINE_IMPORT)
 * @size: sizeof(struct accel_timeline_import)
 * @fd: in: a descriptor of a timeline, which can be closed afterwards
 * @flags: must be zero
 * @handle: in: must be zero; out: its handle, a new one each time
 *
 * EBADF if there is no such descriptor, EINVAL if it is of something else.
 */
struct accel_timeline_import {
	__u32 size;
	__s32 fd;
	__u32 flags;
	__u32 handle;
};

#define ACCEL_IOC_TIMELINE_IMPORT _IO(ACCEL_IOC_TYPE, 0x26)

/**
 * struct accel_timeline_attach - ioctl(ACCEL_IOC_TIMELINE_ATTACH)
 * @size: sizeof(struct accel_timeline_attach)
 * @handle: in: the timeline
 * @point: in: higher than all that are submitted, else EINVAL
 * @fd: in: a sync_file, else EINVAL; it can be closed afterwards
 * @flags: must be zero
 *
 * Submits the point, which is signalled with the fence of the sync_file, and not
 * before those that were submitted before.
 */
struct accel_timeline_attach {
	__u32 size;
	__u32 handle;
	__aligned_u64 point;
	__s32 fd;
	__u32 flags;
};

#define ACCEL_IOC_TIMELINE_ATTACH _IO(ACCEL_IOC_TYPE, 0x27)

/**
 * struct accel_timeline_sync_file - ioctl(ACCEL_IOC_TIMELINE_SYNC_FILE)
 * @size: sizeof(struct accel_timeline_sync_file)
 * @handle: in: the timeline
 * @point: in: the point
 * @flags: in: must be zero
 * @fd: in: must be zero; out: a sync_file, which is closed on exec
 *
 * Its fence is signalled with the point. EAGAIN if the point is not submitted: wait
 * with ACCEL_TIMELINE_SUBMITTED, and call again.
 */
struct accel_timeline_sync_file {
	__u32 size;
	__u32 handle;
	__aligned_u64 point;
	__u32 flags;
	__s32 fd;
};

#define ACCEL_IOC_TIMELINE_SYNC_FILE _IO(ACCEL_IOC_TYPE, 0x28)

/**
 * struct accel_timeline_eventfd - ioctl(ACCEL_IOC_TIMELINE_EVENTFD)
 * @size: sizeof(struct accel_timeline_eventfd)
 * @handle: in: the timeline
 * @point: in: the point
 * @fd: in: an eventfd, which can be closed afterwards. EBADF if it is not open, EINVAL
 *	if it is something else
 * @flags: in: ACCEL_TIMELINE_SUBMITTED or zero
 *
 * One is added to the count of the eventfd, once, when the point is signalled, or
 * submitted; at once, if it is. That goes on as long as the timeline lives, whatever
 * becomes of the device and the open file.
 */
struct accel_timeline_eventfd {
	__u32 size;
	__u32 handle;
	__aligned_u64 point;
	__s32 fd;
	__u32 flags;
};

#define ACCEL_IOC_TIMELINE_EVENTFD _IO(ACCEL_IOC_TYPE, 0x29)

#endif /* _UAPI_ACCEL_ACCEL_H */
