// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of the structures in the C headers, for comparison with Rust's.
 */
#include <linux/stddef.h>
#include <linux/types.h>

#include <accel/accel.h>
#include <accel/edu.h>

#include "uapi_layout.h"

#define STRUCT(type) { #type, sizeof(struct type) }
#define OFFSET(type, member) { #member, offsetof(struct type, member) }
#define SIZE(type, member) { #member, sizeof_field(struct type, member) }
#define VALUE(name) { #name, name }

/* In the order of uapi_layout.rs; ends with an empty name. */
const struct accel_test_number accel_test_layout[] = {
	STRUCT(accel_info),
	OFFSET(accel_info, size), SIZE(accel_info, size),
	OFFSET(accel_info, topic), SIZE(accel_info, topic),
	OFFSET(accel_info, index), SIZE(accel_info, index),
	OFFSET(accel_info, flags), SIZE(accel_info, flags),
	OFFSET(accel_info, data_ptr), SIZE(accel_info, data_ptr),
	OFFSET(accel_info, data_len), SIZE(accel_info, data_len),
	OFFSET(accel_info, record_size), SIZE(accel_info, record_size),
	OFFSET(accel_info, count), SIZE(accel_info, count),
	STRUCT(accel_info_topic),
	OFFSET(accel_info_topic, topic), SIZE(accel_info_topic, topic),
	OFFSET(accel_info_topic, record_size), SIZE(accel_info_topic, record_size),
	OFFSET(accel_info_topic, count), SIZE(accel_info_topic, count),
	OFFSET(accel_info_topic, reserved), SIZE(accel_info_topic, reserved),
	STRUCT(accel_info_device),
	OFFSET(accel_info_device, minor), SIZE(accel_info_device, minor),
	OFFSET(accel_info_device, vendor), SIZE(accel_info_device, vendor),
	OFFSET(accel_info_device, device), SIZE(accel_info_device, device),
	OFFSET(accel_info_device, subsystem_vendor), SIZE(accel_info_device, subsystem_vendor),
	OFFSET(accel_info_device, subsystem_device), SIZE(accel_info_device, subsystem_device),
	OFFSET(accel_info_device, revision), SIZE(accel_info_device, revision),
	OFFSET(accel_info_device, numa_node), SIZE(accel_info_device, numa_node),
	OFFSET(accel_info_device, reserved), SIZE(accel_info_device, reserved),
	OFFSET(accel_info_device, bus), SIZE(accel_info_device, bus),
	OFFSET(accel_info_device, address), SIZE(accel_info_device, address),
	STRUCT(accel_info_driver),
	OFFSET(accel_info_driver, name), SIZE(accel_info_driver, name),
	OFFSET(accel_info_driver, version), SIZE(accel_info_driver, version),
	OFFSET(accel_info_driver, user_space_url), SIZE(accel_info_driver, user_space_url),
	OFFSET(accel_info_driver, user_space_license), SIZE(accel_info_driver, user_space_license),
	OFFSET(accel_info_driver, documentation_url), SIZE(accel_info_driver, documentation_url),
	OFFSET(accel_info_driver, open_policy), SIZE(accel_info_driver, open_policy),
	OFFSET(accel_info_driver, open_limit), SIZE(accel_info_driver, open_limit),
	STRUCT(accel_info_status),
	OFFSET(accel_info_status, state), SIZE(accel_info_status, state),
	OFFSET(accel_info_status, users), SIZE(accel_info_status, users),
	OFFSET(accel_info_status, observers), SIZE(accel_info_status, observers),
	OFFSET(accel_info_status, reserved), SIZE(accel_info_status, reserved),
	OFFSET(accel_info_status, registered_ns), SIZE(accel_info_status, registered_ns),
	STRUCT(accel_info_client),
	OFFSET(accel_info_client, id), SIZE(accel_info_client, id),
	OFFSET(accel_info_client, since_ns), SIZE(accel_info_client, since_ns),
	OFFSET(accel_info_client, role), SIZE(accel_info_client, role),
	OFFSET(accel_info_client, uid), SIZE(accel_info_client, uid),
	OFFSET(accel_info_client, pid), SIZE(accel_info_client, pid),
	OFFSET(accel_info_client, reserved), SIZE(accel_info_client, reserved),
	OFFSET(accel_info_client, command), SIZE(accel_info_client, command),
	STRUCT(accel_info_ioctl),
	OFFSET(accel_info_ioctl, command), SIZE(accel_info_ioctl, command),
	OFFSET(accel_info_ioctl, size), SIZE(accel_info_ioctl, size),
	OFFSET(accel_info_ioctl, min_size), SIZE(accel_info_ioctl, min_size),
	OFFSET(accel_info_ioctl, flags), SIZE(accel_info_ioctl, flags),
	OFFSET(accel_info_ioctl, capability), SIZE(accel_info_ioctl, capability),
	OFFSET(accel_info_ioctl, reserved), SIZE(accel_info_ioctl, reserved),
	OFFSET(accel_info_ioctl, name), SIZE(accel_info_ioctl, name),
	OFFSET(accel_info_ioctl, description), SIZE(accel_info_ioctl, description),
	STRUCT(accel_edu_factorial),
	OFFSET(accel_edu_factorial, size), SIZE(accel_edu_factorial, size),
	OFFSET(accel_edu_factorial, n), SIZE(accel_edu_factorial, n),
	OFFSET(accel_edu_factorial, timeout_ms), SIZE(accel_edu_factorial, timeout_ms),
	OFFSET(accel_edu_factorial, result), SIZE(accel_edu_factorial, result),
	STRUCT(accel_edu_liveness),
	OFFSET(accel_edu_liveness, size), SIZE(accel_edu_liveness, size),
	OFFSET(accel_edu_liveness, value), SIZE(accel_edu_liveness, value),
	OFFSET(accel_edu_liveness, reply), SIZE(accel_edu_liveness, reply),
	OFFSET(accel_edu_liveness, reserved), SIZE(accel_edu_liveness, reserved),
	VALUE(ACCEL_IOC_TYPE),
	VALUE(ACCEL_IOC_DRIVER_BASE),
	VALUE(ACCEL_IOC_DRIVER_END),
	VALUE(ACCEL_INFO_LIST),
	VALUE(ACCEL_INFO_DEVICE),
	VALUE(ACCEL_INFO_DRIVER),
	VALUE(ACCEL_INFO_STATUS),
	VALUE(ACCEL_INFO_CLIENTS),
	VALUE(ACCEL_INFO_UAPI),
	VALUE(ACCEL_OPEN_SHARED),
	VALUE(ACCEL_OPEN_EXCLUSIVE),
	VALUE(ACCEL_OPEN_LIMITED),
	VALUE(ACCEL_OPEN_PER_USER),
	VALUE(ACCEL_ROLE_OBSERVER),
	VALUE(ACCEL_ROLE_USER),
	VALUE(ACCEL_STATE_RUNNING),
	VALUE(ACCEL_IOCTL_IN),
	VALUE(ACCEL_IOCTL_OUT),
	VALUE(ACCEL_IOCTL_OBSERVER),
	VALUE(ACCEL_IOCTL_CAPABILITY),
	VALUE(ACCEL_IOCTL_PASSTHROUGH),
	{ "", 0 }
};
