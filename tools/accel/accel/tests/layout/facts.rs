// SPDX-License-Identifier: GPL-2.0

//! What the Rust side has: the layout of each structure, and the value of each
//! constant.

use accel::uapi::{
    self, ClientRole, DeviceError, EngineClass, InfoSensor, MemoryKind, OpenPolicy, Quantity,
    State, Topic,
};
use accel::{buffer, edu, events, minimal, sim, timeline, Ioctl};

/// What is compared: an expression in C, and its value in Rust.
pub struct Fact {
    pub c: String,
    pub rust: u64,
}

pub fn fact(c: impl Into<String>, rust: impl TryInto<u64>) -> Fact {
    let rust = rust.try_into().ok().expect("the value is not negative");
    Fact { c: c.into(), rust }
}

/// Adds the size and alignment of structures, and the offset and size of their
/// members.
macro_rules! structures {
    ($facts:ident: $($c:literal = $rust:ty { $($member:ident),* $(,)? },)*) => {$(
        $facts.push(fact(concat!("sizeof(struct ", $c, ")"), size_of::<$rust>()));
        $facts.push(fact(concat!("_Alignof(struct ", $c, ")"), align_of::<$rust>()));
        $(
            let member = stringify!($member);
            let offset = std::mem::offset_of!($rust, $member);
            $facts.push(fact(format!("offsetof(struct {}, {member})", $c), offset));
            let value = <$rust>::default().$member;
            let size = format!("sizeof(((struct {} *)0)->{member})", $c);
            $facts.push(fact(size, size_of_val(&value)));
        )*
    )*};
}

/// All that the Rust side has.
pub fn facts() -> Vec<Fact> {
    let mut facts = constants();
    // With braces, so that a member is no line of its own.
    structures! {
        facts:
        "accel_info" = uapi::Info {
            size, topic, index, flags, data_ptr, data_len, record_size, count,
        },
        "accel_info_topic" = uapi::InfoTopic {
            topic, record_size, count, reserved,
        },
        "accel_info_device" = uapi::InfoDevice {
            minor, vendor, device, subsystem_vendor, subsystem_device, revision,
            numa_node, reserved, bus, address,
        },
        "accel_info_driver" = uapi::InfoDriver {
            name, version, user_space_url, user_space_license,
            documentation_url, open_policy, open_limit,
        },
        "accel_info_firmware" = uapi::InfoFirmware { name, version },
        "accel_info_engine" = uapi::InfoEngine { name, engine_class, count },
        "accel_info_memory" = uapi::InfoMemory {
            name, kind, reserved, total, in_use,
        },
        "accel_info_clock" = uapi::InfoClock { name, current_hz, max_hz },
        "accel_info_usage" = uapi::InfoUsage { busy_ns, submitted, completed },
        "accel_info_sensor" = uapi::InfoSensor {
            name, quantity, flags, value, max, critical,
        },
        "accel_info_status" = uapi::InfoStatus {
            state, users, observers, last_error, registered_ns, state_ns,
            resets, errors, last_error_ns, last_error_code,
        },
        "accel_events" = events::Subscribe { size, classes, eventfd, flags },
        "accel_event" = events::Event { size, kind, sequence, time_ns, data },
        "accel_info_client" = uapi::InfoClient {
            id, since_ns, role, uid, pid, reserved, command,
        },
        "accel_info_ioctl" = uapi::InfoIoctl {
            command, size, min_size, flags, capability, reserved, name,
            description,
        },
        "accel_bo_create" = buffer::Create {
            size, region, bytes, flags, handle,
        },
        "accel_bo_info" = buffer::Info { size, handle, bytes, region, flags },
        "accel_bo_close" = buffer::Close { size, handle },
        "accel_bo_mmap_offset" = buffer::MmapOffset { size, handle, offset },
        "accel_bo_export" = buffer::Export { size, handle, flags, fd },
        "accel_bo_userptr" = buffer::UserPtr {
            size, flags, address, bytes, handle, reserved,
        },
        "accel_bo_import" = buffer::Import { size, fd, bytes, flags, handle },
        "accel_timeline_create" = timeline::Create {
            size, flags, value, handle, reserved,
        },
        "accel_timeline_close" = timeline::Close { size, handle },
        "accel_timeline_query" = timeline::Query {
            size, handle, value, submitted, failed_point, error, reserved,
        },
        "accel_timeline_signal" = timeline::Signal { size, handle, point },
        "accel_timeline_point" = timeline::Point { handle, reserved, point },
        "accel_timeline_wait" = timeline::Wait {
            size, flags, points_ptr, count, timeout_ms, deadline_ns, index, reserved,
        },
        "accel_timeline_export" = timeline::Export { size, handle, flags, fd },
        "accel_timeline_import" = timeline::Import { size, fd, flags, handle },
        "accel_timeline_attach" = timeline::Attach {
            size, handle, point, fd, flags,
        },
        "accel_timeline_sync_file" = timeline::SyncFile {
            size, handle, point, flags, fd,
        },
        "accel_timeline_eventfd" = timeline::Eventfd {
            size, handle, point, fd, flags,
        },
        "accel_edu_copy" = edu::BufferCopy {
            size, len, source, target, source_offset, target_offset, timeout_ms,
            reserved, deadline_ns,
        },
        "accel_edu_factorial" = edu::Factorial {
            size, n, timeout_ms, result, deadline_ns,
        },
        "accel_edu_liveness" = edu::Liveness { size, value, reply, reserved },
        "accel_edu_reset" = edu::Reset { size, reserved },
        "accel_edu_set_eventfd" = edu::SetEventfd { size, fd },
        "accel_minimal_add" = minimal::Add { size, a, b, sum },
        "accel_sim_operand" = sim::Operand { offset, handle, reserved },
        "accel_sim_submit" = sim::Submit {
            size, op, flags, in_fence, a, b, result, m, n, k, out_fence, job,
        },
        "accel_sim_wait" = sim::Wait {
            size, timeout_ms, job, error, reserved, deadline_ns,
        },
    }
    facts
}

fn constants() -> Vec<Fact> {
    vec![
        fact("ACCEL_IOC_TYPE", uapi::IOC_TYPE),
        fact("ACCEL_IOC_DRIVER_BASE", uapi::IOC_DRIVER_BASE),
        fact("ACCEL_IOC_DRIVER_END", uapi::IOC_DRIVER_END),
        fact("ACCEL_INFO_LIST", Topic::LIST.0),
        fact("ACCEL_INFO_DEVICE", Topic::DEVICE.0),
        fact("ACCEL_INFO_DRIVER", Topic::DRIVER.0),
        fact("ACCEL_INFO_FIRMWARE", Topic::FIRMWARE.0),
        fact("ACCEL_INFO_ENGINES", Topic::ENGINES.0),
        fact("ACCEL_INFO_MEMORY", Topic::MEMORY.0),
        fact("ACCEL_INFO_CLOCKS", Topic::CLOCKS.0),
        fact("ACCEL_INFO_USAGE", Topic::USAGE.0),
        fact("ACCEL_INFO_STATUS", Topic::STATUS.0),
        fact("ACCEL_INFO_SENSORS", Topic::SENSORS.0),
        fact("ACCEL_INFO_CLIENTS", Topic::CLIENTS.0),
        fact("ACCEL_INFO_UAPI", Topic::UAPI.0),
        fact("ACCEL_INFO_DRIVER_BASE", Topic::DRIVER_BASE.0),
        fact("ACCEL_ENGINE_OTHER", EngineClass::OTHER.0),
        fact("ACCEL_ENGINE_COMPUTE", EngineClass::COMPUTE.0),
        fact("ACCEL_ENGINE_COPY", EngineClass::COPY.0),
        fact("ACCEL_MEMORY_SYSTEM", MemoryKind::SYSTEM.0),
        fact("ACCEL_MEMORY_DEVICE", MemoryKind::DEVICE.0),
        fact("ACCEL_MEMORY_COHERENT", MemoryKind::COHERENT.0),
        fact("ACCEL_REGION_FOREIGN", buffer::REGION_FOREIGN),
        fact("ACCEL_BO_POPULATE", buffer::POPULATE),
        fact("ACCEL_BO_MOVABLE", buffer::MOVABLE),
        fact("ACCEL_QUANTITY_POWER", Quantity::POWER.0),
        fact("ACCEL_QUANTITY_TEMPERATURE", Quantity::TEMPERATURE.0),
        fact("ACCEL_QUANTITY_VOLTAGE", Quantity::VOLTAGE.0),
        fact("ACCEL_QUANTITY_CURRENT", Quantity::CURRENT.0),
        fact("ACCEL_QUANTITY_FAN", Quantity::FAN.0),
        fact("ACCEL_SENSOR_MAX", InfoSensor::MAX),
        fact("ACCEL_SENSOR_CRITICAL", InfoSensor::CRITICAL),
        fact("ACCEL_OPEN_SHARED", OpenPolicy::SHARED.0),
        fact("ACCEL_OPEN_EXCLUSIVE", OpenPolicy::EXCLUSIVE.0),
        fact("ACCEL_OPEN_LIMITED", OpenPolicy::LIMITED.0),
        fact("ACCEL_OPEN_PER_USER", OpenPolicy::PER_USER.0),
        fact("ACCEL_STATE_RUNNING", State::RUNNING.0),
        fact("ACCEL_STATE_RESETTING", State::RESETTING.0),
        fact("ACCEL_STATE_WEDGED", State::WEDGED.0),
        fact("ACCEL_STATE_GONE", State::GONE.0),
        fact("ACCEL_ERROR_NONE", DeviceError::NONE.0),
        fact("ACCEL_ERROR_HARDWARE", DeviceError::HARDWARE.0),
        fact("ACCEL_ERROR_FIRMWARE", DeviceError::FIRMWARE.0),
        fact("ACCEL_ERROR_TIMEOUT", DeviceError::TIMEOUT.0),
        fact("ACCEL_ERROR_RESET_FAILED", DeviceError::RESET_FAILED.0),
        fact("ACCEL_ERROR_RESET_STORM", DeviceError::RESET_STORM.0),
        fact("ACCEL_ERROR_POWER_FAILED", DeviceError::POWER_FAILED.0),
        fact("ACCEL_ERROR_BUS", DeviceError::BUS.0),
        fact("ACCEL_EVENT_CLASS_STATE", events::CLASS_STATE),
        fact("ACCEL_EVENT_CLASS_ERROR", events::CLASS_ERROR),
        fact("ACCEL_EVENT_CLASS_DRIVER", events::CLASS_DRIVER),
        fact("ACCEL_EVENT_LOST", events::LOST),
        fact("ACCEL_EVENT_STATE", events::STATE),
        fact("ACCEL_EVENT_ERROR", events::ERROR),
        fact("ACCEL_EVENT_DRIVER_BASE", events::DRIVER_BASE),
        fact("ACCEL_ROLE_OBSERVER", ClientRole::OBSERVER.0),
        fact("ACCEL_ROLE_USER", ClientRole::USER.0),
        fact("ACCEL_IOCTL_IN", uapi::IOCTL_IN),
        fact("ACCEL_IOCTL_OUT", uapi::IOCTL_OUT),
        fact("ACCEL_IOCTL_OBSERVER", uapi::IOCTL_OBSERVER),
        fact("ACCEL_IOCTL_CAPABILITY", uapi::IOCTL_CAPABILITY),
        fact("ACCEL_IOCTL_PASSTHROUGH", uapi::IOCTL_PASSTHROUGH),
        fact("ACCEL_IOCTL_POWERED", uapi::IOCTL_POWERED),
        fact("ACCEL_IOCTL_CONFINED", uapi::IOCTL_CONFINED),
        fact("ACCEL_IOC_INFO", opcode(uapi::IOC_INFO)),
        fact(buffer::Create::NAME, opcode(buffer::Create::NR)),
        fact(buffer::Info::NAME, opcode(buffer::Info::NR)),
        fact(buffer::Close::NAME, opcode(buffer::Close::NR)),
        fact(buffer::MmapOffset::NAME, opcode(buffer::MmapOffset::NR)),
        fact(buffer::Export::NAME, opcode(buffer::Export::NR)),
        fact("ACCEL_USERPTR_READONLY", buffer::UserPtr::READONLY),
        fact("ACCEL_IOC_BO_USERPTR", opcode(0x05)),
        fact(buffer::Import::NAME, opcode(buffer::Import::NR)),
        fact("ACCEL_TIMELINE_MAX", timeline::MAX),
        fact("ACCEL_TIMELINE_MAX_SUBMITTED", timeline::MAX_SUBMITTED),
        fact("ACCEL_TIMELINE_MAX_WAIT", timeline::MAX_WAIT),
        fact("ACCEL_TIMELINE_ALL", timeline::ALL),
        fact("ACCEL_TIMELINE_SUBMITTED", timeline::SUBMITTED),
        fact(timeline::Create::NAME, opcode(timeline::Create::NR)),
        fact(timeline::Close::NAME, opcode(timeline::Close::NR)),
        fact(timeline::Query::NAME, opcode(timeline::Query::NR)),
        fact(timeline::Signal::NAME, opcode(timeline::Signal::NR)),
        fact("ACCEL_IOC_TIMELINE_WAIT", opcode(0x24)),
        fact(timeline::Export::NAME, opcode(timeline::Export::NR)),
        fact(timeline::Import::NAME, opcode(timeline::Import::NR)),
        fact(timeline::Attach::NAME, opcode(timeline::Attach::NR)),
        fact(timeline::SyncFile::NAME, opcode(timeline::SyncFile::NR)),
        fact(timeline::Eventfd::NAME, opcode(timeline::Eventfd::NR)),
        fact(edu::BufferCopy::NAME, opcode(edu::BufferCopy::NR)),
        fact(events::Subscribe::NAME, opcode(events::Subscribe::NR)),
        fact(edu::Factorial::NAME, opcode(edu::Factorial::NR)),
        fact(edu::Reset::NAME, opcode(edu::Reset::NR)),
        fact(edu::SetEventfd::NAME, opcode(edu::SetEventfd::NR)),
        fact(edu::Liveness::NAME, opcode(edu::Liveness::NR)),
        fact(minimal::Add::NAME, opcode(minimal::Add::NR)),
        fact(sim::Submit::NAME, opcode(sim::Submit::NR)),
        fact(sim::Wait::NAME, opcode(sim::Wait::NR)),
        fact("ACCEL_SIM_ADD", sim::ADD),
        fact("ACCEL_SIM_MULTIPLY", sim::MULTIPLY),
        fact("ACCEL_SIM_MATMUL", sim::MATMUL),
        fact("ACCEL_SIM_MAX_STEPS", sim::MAX_STEPS),
        fact("ACCEL_SIM_MAX_JOBS", sim::MAX_JOBS),
        fact("ACCEL_SIM_IN_FENCE", sim::IN_FENCE),
        fact("ACCEL_SIM_OUT_FENCE", sim::OUT_FENCE),
    ]
}

/// What the library passes to ioctl().
fn opcode(nr: u8) -> u32 {
    rustix::ioctl::opcode::none(uapi::IOC_TYPE, nr)
}
