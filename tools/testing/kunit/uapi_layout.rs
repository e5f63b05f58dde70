// SPDX-License-Identifier: GPL-2.0

//! Compares the Rust mirror of the C headers with the C compiler's view of them.

use core::mem::offset_of;
use kernel::{
    ffi::c_char,
    prelude::*, //
};

use crate::edu_uapi::{
    BufferCopy as accel_edu_copy,
    Factorial as accel_edu_factorial,
    Liveness as accel_edu_liveness,
    Reset as accel_edu_reset,
    SetEventFd as accel_edu_set_eventfd, //
};
use crate::npu_uapi::{
    Accessed as accel_npu_access,
    Command as accel_npu_command,
    Counters as accel_npu_counters,
    Map as accel_npu_map,
    Open as accel_npu_open,
    Submit as accel_npu_submit,
    Unmap as accel_npu_unmap,
    Wait as accel_npu_wait,
    ACCEL_NPU_ADDRESSES,
    ACCEL_NPU_IN_FENCE,
    ACCEL_NPU_MAX_ACCESSES,
    ACCEL_NPU_MAX_COMMANDS,
    ACCEL_NPU_MAX_JOBS,
    ACCEL_NPU_NOTIFY,
    ACCEL_NPU_OUT_FENCE,
    ACCEL_NPU_USER_RING,
    ACCEL_NPU_WRITE, //
};
use crate::rng_uapi::Fill as accel_rng_fill;
use crate::sim_uapi::{
    Operand as accel_sim_operand,
    Submit as accel_sim_submit,
    Wait as accel_sim_wait,
    ACCEL_SIM_ADD,
    ACCEL_SIM_IN_FENCE,
    ACCEL_SIM_MATMUL,
    ACCEL_SIM_MAX_JOBS,
    ACCEL_SIM_MAX_STEPS,
    ACCEL_SIM_MULTIPLY,
    ACCEL_SIM_OUT_FENCE, //
};
use accel::uapi::*;

/// `struct accel_test_number` of `uapi_layout.h`.
#[repr(C)]
struct CNumber {
    name: *const c_char,
    value: u32,
}

extern "C" {
    #[link_name = "accel_test_layout"]
    static C_LAYOUT: [CNumber; RUST_LAYOUT.len() + 1];
}

/// Builds the table of `uapi_layout.c` as Rust sees it: for each structure its size, then the
/// offset and the size of each field; then constants.
macro_rules! layout {
    (
        structs { $($type:ident { $($field:ident),* $(,)? })* }
        constants { $($name:ident),* $(,)? }
    ) => {
        &[
            $(
                (stringify!($type), size_of::<$type>()),
                $(
                    (stringify!($field), offset_of!($type, $field)),
                    (stringify!($field), size_of_field(|s: &$type| &s.$field)),
                )*
            )*
            $((stringify!($name), $name as usize),)*
        ]
    };
}

const fn size_of_field<T, F>(_field: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

const RUST_LAYOUT: &[(&str, usize)] = layout! {
    structs {
        accel_info { size, topic, index, flags, data_ptr, data_len, record_size, count }
        accel_info_topic { topic, record_size, count, reserved }
        accel_info_device {
            minor, vendor, device, subsystem_vendor, subsystem_device, revision, numa_node,
            reserved, bus, address,
        }
        accel_info_driver {
            name, version, user_space_url, user_space_license, documentation_url, open_policy,
            open_limit,
        }
        accel_info_firmware { name, version }
        accel_info_engine { name, engine_class, count }
        accel_info_memory { name, kind, reserved, total, in_use }
        accel_info_clock { name, current_hz, max_hz }
        accel_info_usage { busy_ns, submitted, completed }
        accel_info_sensor { name, quantity, flags, value, max, critical }
        accel_info_status {
            state, users, observers, last_error, registered_ns, state_ns, resets, errors,
            last_error_ns, last_error_code,
        }
        accel_info_client { id, since_ns, role, uid, pid, reserved, command }
        accel_info_ioctl {
            command, size, min_size, flags, capability, reserved, name, description,
        }
        accel_bo_create { size, region, bytes, flags, handle }
        accel_bo_info { size, handle, bytes, region, flags }
        accel_bo_close { size, handle }
        accel_bo_mmap_offset { size, handle, offset }
        accel_bo_export { size, handle, flags, fd }
        accel_bo_userptr { size, flags, address, bytes, handle, reserved }
        accel_bo_import { size, fd, bytes, flags, handle }
        accel_events { size, classes, eventfd, flags }
        accel_event { size, kind, sequence, time_ns, data }
        accel_timeline_create { size, flags, value, handle, reserved }
        accel_timeline_close { size, handle }
        accel_timeline_query { size, handle, value, submitted, failed_point, error, reserved }
        accel_timeline_signal { size, handle, point }
        accel_timeline_point { handle, reserved, point }
        accel_timeline_wait {
            size, flags, points_ptr, count, timeout_ms, deadline_ns, index, reserved,
        }
        accel_timeline_export { size, handle, flags, fd }
        accel_timeline_import { size, fd, flags, handle }
        accel_timeline_attach { size, handle, point, fd, flags }
        accel_timeline_sync_file { size, handle, point, flags, fd }
        accel_timeline_eventfd { size, handle, point, fd, flags }
        accel_edu_factorial { size, n, timeout_ms, result, deadline_ns }
        accel_edu_reset { size, reserved }
        accel_edu_set_eventfd { size, fd }
        accel_rng_fill { size, handle, offset, len, timeout_ms, deadline_ns }
        accel_edu_liveness { size, value, reply, reserved }
        accel_edu_copy {
            size, len, source, target, source_offset, target_offset, timeout_ms, reserved,
            deadline_ns,
        }
        accel_sim_operand { offset, handle, reserved }
        accel_sim_submit {
            size, op, flags, in_fence, a, b, result, m, n, k, out_fence, job,
        }
        accel_sim_wait { size, timeout_ms, job, error, reserved, deadline_ns }
        accel_npu_open { size, flags, ring, order, coalesce, context }
        accel_npu_map { size, handle, flags, reserved, address, offset, len }
        accel_npu_unmap { size, reserved, address }
        accel_npu_command {
            code, flags, sequence, source, destination, length, parameter, second, rows, columns,
            inner, shift, output, reserved,
        }
        accel_npu_access { handle, flags }
        accel_npu_submit {
            size, flags, commands_ptr, accesses_ptr, commands_count, accesses_count, in_fence,
            out_fence, timeout_ms, reserved, job,
        }
        accel_npu_wait {
            size, timeout_ms, job, error, status, address, command, reserved, deadline_ns,
        }
        accel_npu_counters {
            commands, bytes_read, bytes_written, macs, context_resets, records_twice,
            late_interrupts,
        }
    }
    constants {
        ACCEL_IOC_TYPE, ACCEL_IOC_DRIVER_BASE, ACCEL_IOC_DRIVER_END, ACCEL_INFO_LIST,
        ACCEL_INFO_DEVICE, ACCEL_INFO_DRIVER, ACCEL_INFO_STATUS, ACCEL_INFO_CLIENTS,
        ACCEL_INFO_UAPI, ACCEL_OPEN_SHARED, ACCEL_OPEN_EXCLUSIVE, ACCEL_OPEN_LIMITED,
        ACCEL_OPEN_PER_USER, ACCEL_ROLE_OBSERVER, ACCEL_ROLE_USER,
        ACCEL_STATE_RUNNING, ACCEL_IOCTL_IN, ACCEL_IOCTL_OUT, ACCEL_IOCTL_OBSERVER,
        ACCEL_IOCTL_CAPABILITY, ACCEL_IOCTL_PASSTHROUGH, ACCEL_IOCTL_POWERED,
        ACCEL_IOCTL_CONFINED,
        ACCEL_INFO_FIRMWARE, ACCEL_INFO_ENGINES, ACCEL_INFO_MEMORY, ACCEL_INFO_CLOCKS,
        ACCEL_INFO_USAGE, ACCEL_INFO_SENSORS,
        ACCEL_INFO_DRIVER_BASE, ACCEL_ENGINE_OTHER, ACCEL_ENGINE_COMPUTE, ACCEL_ENGINE_COPY,
        ACCEL_QUANTITY_POWER, ACCEL_QUANTITY_TEMPERATURE, ACCEL_QUANTITY_VOLTAGE,
        ACCEL_QUANTITY_CURRENT, ACCEL_QUANTITY_FAN, ACCEL_SENSOR_MAX, ACCEL_SENSOR_CRITICAL,
        ACCEL_MEMORY_SYSTEM,
        ACCEL_MEMORY_DEVICE, ACCEL_MEMORY_COHERENT, ACCEL_REGION_FOREIGN,
        ACCEL_BO_POPULATE, ACCEL_BO_MOVABLE, ACCEL_USERPTR_READONLY,
        ACCEL_SIM_ADD, ACCEL_SIM_MULTIPLY,
        ACCEL_SIM_MATMUL, ACCEL_SIM_MAX_STEPS, ACCEL_SIM_MAX_JOBS,
        ACCEL_SIM_IN_FENCE, ACCEL_SIM_OUT_FENCE,
        ACCEL_STATE_RESETTING, ACCEL_STATE_WEDGED, ACCEL_STATE_GONE, ACCEL_ERROR_NONE,
        ACCEL_ERROR_HARDWARE, ACCEL_ERROR_FIRMWARE, ACCEL_ERROR_TIMEOUT, ACCEL_ERROR_RESET_FAILED,
        ACCEL_ERROR_RESET_STORM, ACCEL_ERROR_POWER_FAILED, ACCEL_ERROR_BUS,
        ACCEL_EVENT_LOST, ACCEL_EVENT_STATE, ACCEL_EVENT_ERROR,
        ACCEL_EVENT_DRIVER_BASE, ACCEL_EVENT_CLASS_STATE, ACCEL_EVENT_CLASS_ERROR,
        ACCEL_EVENT_CLASS_DRIVER,
        ACCEL_TIMELINE_MAX, ACCEL_TIMELINE_MAX_SUBMITTED, ACCEL_TIMELINE_MAX_WAIT,
        ACCEL_TIMELINE_ALL, ACCEL_TIMELINE_SUBMITTED,
        ACCEL_NPU_ADDRESSES, ACCEL_NPU_USER_RING, ACCEL_NPU_WRITE, ACCEL_NPU_NOTIFY,
        ACCEL_NPU_MAX_COMMANDS, ACCEL_NPU_MAX_ACCESSES, ACCEL_NPU_MAX_JOBS, ACCEL_NPU_IN_FENCE,
        ACCEL_NPU_OUT_FENCE,
    }
};

/// Returns a number of the table in C.
fn c_number(index: usize) -> (&'static CStr, usize) {
    // SAFETY: The table is constant and ends with an empty name; callers stop at the first
    // difference, so they do not get beyond its end. The names are C strings.
    unsafe {
        let number = &*(&raw const C_LAYOUT).cast::<CNumber>().add(index);
        (CStr::from_char_ptr(number.name), number.value as usize)
    }
}

#[kunit_tests(accel_uapi)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_that_of_the_c_header() {
        for (index, (name, value)) in RUST_LAYOUT.iter().enumerate() {
            let (c_name, c_value) = c_number(index);
            if (c_name.to_bytes(), c_value) != (name.as_bytes(), *value) {
                pr_err!("entry {index}: {name} {value} in Rust, {c_name:?} {c_value} in C\n");
                assert!(false);
            }
        }
        let (end, _) = c_number(RUST_LAYOUT.len());
        assert!(end.is_empty());
    }
}
