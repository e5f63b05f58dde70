// SPDX-License-Identifier: GPL-2.0

//! The structures and numbers of `include/uapi/accel/accel.h`, where they are documented.
//!
//! A KUnit test compares the layout of each with the C header.

#![allow(missing_docs)] // The C header documents them.

pub(crate) mod flags;
mod structure;
mod timelines;

#[doc(hidden)]
pub use self::structure::assert_uapi_type;
pub use self::{
    structure::UapiType,
    timelines::*, //
};

/// What `uapi_struct!` derives.
#[doc(hidden)]
pub mod derive {
    pub use zerocopy_derive::{
        FromBytes,
        Immutable,
        IntoBytes,
        KnownLayout, //
    };
}

pub const ACCEL_IOC_TYPE: u32 = 0x9b;
pub const ACCEL_IOC_DRIVER_BASE: u8 = 0x40;
pub const ACCEL_IOC_DRIVER_END: u8 = 0xc0;

pub const ACCEL_INFO_LIST: u32 = 0;
pub const ACCEL_INFO_DEVICE: u32 = 1;
pub const ACCEL_INFO_DRIVER: u32 = 2;
pub const ACCEL_INFO_FIRMWARE: u32 = 3;
pub const ACCEL_INFO_ENGINES: u32 = 4;
pub const ACCEL_INFO_MEMORY: u32 = 5;
pub const ACCEL_INFO_CLOCKS: u32 = 6;
pub const ACCEL_INFO_USAGE: u32 = 7;
pub const ACCEL_INFO_STATUS: u32 = 8;
pub const ACCEL_INFO_SENSORS: u32 = 9;
pub const ACCEL_INFO_CLIENTS: u32 = 10;
pub const ACCEL_INFO_UAPI: u32 = 11;
pub const ACCEL_INFO_DRIVER_BASE: u32 = 0x8000;

pub const ACCEL_OPEN_SHARED: u32 = 0;
pub const ACCEL_OPEN_EXCLUSIVE: u32 = 1;
pub const ACCEL_OPEN_LIMITED: u32 = 2;
pub const ACCEL_OPEN_PER_USER: u32 = 3;

pub const ACCEL_ROLE_OBSERVER: u32 = 0;
pub const ACCEL_ROLE_USER: u32 = 1;

pub const ACCEL_MEMORY_SYSTEM: u32 = 0;
pub const ACCEL_MEMORY_DEVICE: u32 = 1;
pub const ACCEL_MEMORY_COHERENT: u32 = 2;
pub const ACCEL_REGION_FOREIGN: u32 = 0xffff_ffff;

pub const ACCEL_BO_POPULATE: u32 = 1 << 0;
pub const ACCEL_BO_MOVABLE: u32 = 1 << 1;

pub const ACCEL_USERPTR_READONLY: u32 = 1 << 0;

pub const ACCEL_ENGINE_OTHER: u32 = 0;
pub const ACCEL_ENGINE_COMPUTE: u32 = 1;
pub const ACCEL_ENGINE_COPY: u32 = 2;

pub const ACCEL_QUANTITY_POWER: u32 = 0;
pub const ACCEL_QUANTITY_TEMPERATURE: u32 = 1;
pub const ACCEL_QUANTITY_VOLTAGE: u32 = 2;
pub const ACCEL_QUANTITY_CURRENT: u32 = 3;
pub const ACCEL_QUANTITY_FAN: u32 = 4;

pub const ACCEL_SENSOR_MAX: u32 = 1 << 0;
pub const ACCEL_SENSOR_CRITICAL: u32 = 1 << 1;

pub const ACCEL_STATE_RUNNING: u32 = 0;
pub const ACCEL_STATE_RESETTING: u32 = 1;
pub const ACCEL_STATE_WEDGED: u32 = 2;
pub const ACCEL_STATE_GONE: u32 = 3;

pub const ACCEL_ERROR_NONE: u32 = 0;
pub const ACCEL_ERROR_HARDWARE: u32 = 1;
pub const ACCEL_ERROR_FIRMWARE: u32 = 2;
pub const ACCEL_ERROR_TIMEOUT: u32 = 3;
pub const ACCEL_ERROR_RESET_FAILED: u32 = 4;
pub const ACCEL_ERROR_RESET_STORM: u32 = 5;
pub const ACCEL_ERROR_POWER_FAILED: u32 = 6;
pub const ACCEL_ERROR_BUS: u32 = 7;

pub const ACCEL_EVENT_LOST: u32 = 0;
pub const ACCEL_EVENT_STATE: u32 = 1;
pub const ACCEL_EVENT_ERROR: u32 = 2;
pub const ACCEL_EVENT_DRIVER_BASE: u32 = 0x8000;

pub const ACCEL_EVENT_CLASS_STATE: u32 = 1 << 0;
pub const ACCEL_EVENT_CLASS_ERROR: u32 = 1 << 1;
pub const ACCEL_EVENT_CLASS_DRIVER: u32 = 1 << 2;

pub const ACCEL_TIMELINE_MAX: u32 = 4096;
pub const ACCEL_TIMELINE_MAX_SUBMITTED: u32 = 1024;
pub const ACCEL_TIMELINE_MAX_WAIT: u32 = 1024;
pub const ACCEL_TIMELINE_ALL: u32 = 1 << 0;
pub const ACCEL_TIMELINE_SUBMITTED: u32 = 1 << 1;

pub const ACCEL_IOCTL_IN: u32 = 1 << 0;
pub const ACCEL_IOCTL_OUT: u32 = 1 << 1;
pub const ACCEL_IOCTL_OBSERVER: u32 = 1 << 2;
pub const ACCEL_IOCTL_CAPABILITY: u32 = 1 << 3;
pub const ACCEL_IOCTL_PASSTHROUGH: u32 = 1 << 4;
pub const ACCEL_IOCTL_POWERED: u32 = 1 << 5;
pub const ACCEL_IOCTL_CONFINED: u32 = 1 << 6;

crate::uapi_struct! {
    #[derive(Clone, Copy)]
    pub struct accel_info {
        pub size: u32,
        pub topic: u32,
        pub index: u32,
        pub flags: u32,
        pub data_ptr: u64,
        pub data_len: u64,
        pub record_size: u32,
        pub count: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_topic {
        pub topic: u32,
        pub record_size: u32,
        pub count: u32,
        pub reserved: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_device {
        pub minor: u32,
        pub vendor: u32,
        pub device: u32,
        pub subsystem_vendor: u32,
        pub subsystem_device: u32,
        pub revision: u32,
        pub numa_node: i32,
        pub reserved: u32,
        pub bus: [u8; 32],
        pub address: [u8; 64],
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_driver {
        pub name: [u8; 32],
        pub version: [u8; 32],
        pub user_space_url: [u8; 128],
        pub user_space_license: [u8; 64],
        pub documentation_url: [u8; 128],
        pub open_policy: u32,
        pub open_limit: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_firmware {
        pub name: [u8; 32],
        pub version: [u8; 64],
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_engine {
        pub name: [u8; 32],
        pub engine_class: u32,
        pub count: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_memory {
        pub name: [u8; 32],
        pub kind: u32,
        pub reserved: u32,
        pub total: u64,
        pub in_use: u64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_clock {
        pub name: [u8; 32],
        pub current_hz: u64,
        pub max_hz: u64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_usage {
        pub busy_ns: u64,
        pub submitted: u64,
        pub completed: u64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_sensor {
        pub name: [u8; 32],
        pub quantity: u32,
        pub flags: u32,
        pub value: i64,
        pub max: i64,
        pub critical: i64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_status {
        pub state: u32,
        pub users: u32,
        pub observers: u32,
        pub last_error: u32,
        pub registered_ns: u64,
        pub state_ns: u64,
        pub resets: u64,
        pub errors: u64,
        pub last_error_ns: u64,
        pub last_error_code: u64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_client {
        pub id: u64,
        pub since_ns: u64,
        pub role: u32,
        pub uid: u32,
        pub pid: u32,
        pub reserved: u32,
        pub command: [u8; 16],
    }

    #[derive(Clone, Copy)]
    pub struct accel_info_ioctl {
        pub command: u32,
        pub size: u32,
        pub min_size: u32,
        pub flags: u32,
        pub capability: u32,
        pub reserved: u32,
        pub name: [u8; 48],
        pub description: [u8; 128],
    }

    #[derive(Clone, Copy)]
    pub struct accel_bo_create {
        pub size: u32,
        pub region: u32,
        pub bytes: u64,
        pub flags: u32,
        pub handle: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_bo_info {
        pub size: u32,
        pub handle: u32,
        pub bytes: u64,
        pub region: u32,
        pub flags: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_bo_close {
        pub size: u32,
        pub handle: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_bo_mmap_offset {
        pub size: u32,
        pub handle: u32,
        pub offset: u64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_bo_userptr {
        pub size: u32,
        pub flags: u32,
        pub address: u64,
        pub bytes: u64,
        pub handle: u32,
        pub reserved: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_bo_export {
        pub size: u32,
        pub handle: u32,
        pub flags: u32,
        pub fd: i32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_bo_import {
        pub size: u32,
        pub fd: i32,
        pub bytes: u64,
        pub flags: u32,
        pub handle: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_events {
        pub size: u32,
        pub classes: u32,
        pub eventfd: i32,
        pub flags: u32,
    }

    #[derive(Clone, Copy, Default)]
    pub struct accel_event {
        pub size: u32,
        pub kind: u32,
        pub sequence: u64,
        pub time_ns: u64,
        pub data: [u64; 3],
    }
}
