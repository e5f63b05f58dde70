// SPDX-License-Identifier: GPL-2.0

//! The structures of timelines.

crate::uapi_struct! {
    #[derive(Clone, Copy)]
    pub struct accel_timeline_create {
        pub size: u32,
        pub flags: u32,
        pub value: u64,
        pub handle: u32,
        pub reserved: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_close {
        pub size: u32,
        pub handle: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_query {
        pub size: u32,
        pub handle: u32,
        pub value: u64,
        pub submitted: u64,
        pub failed_point: u64,
        pub error: u32,
        pub reserved: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_signal {
        pub size: u32,
        pub handle: u32,
        pub point: u64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_point {
        pub handle: u32,
        pub reserved: u32,
        pub point: u64,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_wait {
        pub size: u32,
        pub flags: u32,
        pub points_ptr: u64,
        pub count: u32,
        pub timeout_ms: u32,
        pub deadline_ns: u64,
        pub index: u32,
        pub reserved: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_export {
        pub size: u32,
        pub handle: u32,
        pub flags: u32,
        pub fd: i32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_import {
        pub size: u32,
        pub fd: i32,
        pub flags: u32,
        pub handle: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_attach {
        pub size: u32,
        pub handle: u32,
        pub point: u64,
        pub fd: i32,
        pub flags: u32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_sync_file {
        pub size: u32,
        pub handle: u32,
        pub point: u64,
        pub flags: u32,
        pub fd: i32,
    }

    #[derive(Clone, Copy)]
    pub struct accel_timeline_eventfd {
        pub size: u32,
        pub handle: u32,
        pub point: u64,
        pub fd: i32,
        pub flags: u32,
    }
}
