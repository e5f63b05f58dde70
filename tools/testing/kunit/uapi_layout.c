// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of the structures in the C headers, for comparison with Rust's.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include <accel/accel.h>
#include <accel/edu.h>

struct accel_test_layout {
	const char *name;
	u32 offset;
	u32 size;
};

#define STRUCT(type) { #type, 0, sizeof(struct type) }
#define FIELD(type, member) \
	{ #member, offsetof(struct type, member), sizeof_field(struct type, member) }
#define VALUE(name) { #name, name, 0 }

extern const struct accel_test_layout accel_test_layouts[];

/* In the order of uapi_layout.rs; ends with an empty name. */
const struct accel_test_layout accel_test_layouts[] = {
	STRUCT(accel_info),
	FIELD(accel_info, size),
	FIELD(accel_info, topic),
	FIELD(accel_info, index),
	FIELD(accel_info, flags),
	FIELD(accel_info, data_ptr),
	FIELD(accel_info, data_len),
	FIELD(accel_info, record_size),
	FIELD(accel_info, count),
	STRUCT(accel_info_topic),
	FIELD(accel_info_topic, topic),
	FIELD(accel_info_topic, record_size),
	FIELD(accel_info_topic, count),
	FIELD(accel_info_topic, reserved),
	STRUCT(accel_info_device),
	FIELD(accel_info_device, minor),
	FIELD(accel_info_device, vendor),
	FIELD(accel_info_device, device),
	FIELD(accel_info_device, subsystem_vendor),
	FIELD(accel_info_device, subsystem_device),
	FIELD(accel_info_device, revision),
	FIELD(accel_info_device, numa_node),
	FIELD(accel_info_device, reserved),
	FIELD(accel_info_device, bus),
	FIELD(accel_info_device, address),
	STRUCT(accel_info_driver),
	FIELD(accel_info_driver, name),
	FIELD(accel_info_driver, version),
	FIELD(accel_info_driver, user_space_url),
	FIELD(accel_info_driver, user_space_license),
	FIELD(accel_info_driver, documentation_url),
	STRUCT(accel_info_status),
	FIELD(accel_info_status, state),
	FIELD(accel_info_status, users),
	FIELD(accel_info_status, observers),
	FIELD(accel_info_status, reserved),
	FIELD(accel_info_status, registered_ns),
	STRUCT(accel_info_ioctl),
	FIELD(accel_info_ioctl, command),
	FIELD(accel_info_ioctl, size),
	FIELD(accel_info_ioctl, min_size),
	FIELD(accel_info_ioctl, flags),
	FIELD(accel_info_ioctl, name),
	FIELD(accel_info_ioctl, description),
	STRUCT(accel_edu_factorial),
	FIELD(accel_edu_factorial, size),
	FIELD(accel_edu_factorial, n),
	FIELD(accel_edu_factorial, timeout_ms),
	FIELD(accel_edu_factorial, result),
	STRUCT(accel_edu_liveness),
	FIELD(accel_edu_liveness, size),
	FIELD(accel_edu_liveness, value),
	FIELD(accel_edu_liveness, reply),
	FIELD(accel_edu_liveness, reserved),
	VALUE(ACCEL_IOC_TYPE),
	VALUE(ACCEL_IOC_DRIVER_BASE),
	VALUE(ACCEL_IOC_DRIVER_END),
	VALUE(ACCEL_INFO_LIST),
	VALUE(ACCEL_INFO_DEVICE),
	VALUE(ACCEL_INFO_DRIVER),
	VALUE(ACCEL_INFO_STATUS),
	VALUE(ACCEL_INFO_UAPI),
	VALUE(ACCEL_STATE_RUNNING),
	VALUE(ACCEL_IOCTL_IN),
	VALUE(ACCEL_IOCTL_OUT),
	VALUE(ACCEL_IOCTL_OBSERVER),
	{ "", 0, 0 }
};
