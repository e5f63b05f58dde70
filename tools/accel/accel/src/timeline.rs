// SPDX-License-Identifier: GPL-2.0

//! Timelines, `include/uapi/accel/accel.h`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// How many handles a file may have, `ACCEL_TIMELINE_MAX`.
pub const MAX: u32 = 4096;
/// How many points of a timeline may be submitted and not signalled,
/// `ACCEL_TIMELINE_MAX_SUBMITTED`.
pub const MAX_SUBMITTED: u32 = 1024;
/// How many points a call may wait for, `ACCEL_TIMELINE_MAX_WAIT`.
pub const MAX_WAIT: u32 = 1024;

/// All points, rather than any of them: `ACCEL_TIMELINE_ALL`.
pub const ALL: u32 = 1 << 0;
/// That points are submitted, rather than signalled: `ACCEL_TIMELINE_SUBMITTED`.
pub const SUBMITTED: u32 = 1 << 1;

/// Argument of `ACCEL_IOC_TIMELINE_CREATE`, `struct accel_timeline_create`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Create {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// Must be zero.
    pub flags: u32,
    /// In: the first value, which all points up to it have reached.
    pub value: u64,
    /// In: must be zero. Out: its handle.
    pub handle: u32,
    /// Must be zero.
    pub reserved: u32,
}

/// Argument of `ACCEL_IOC_TIMELINE_CLOSE`, `struct accel_timeline_close`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Close {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the timeline, whose handle is free again.
    pub handle: u32,
}

/// Argument of `ACCEL_IOC_TIMELINE_QUERY`, `struct accel_timeline_query`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Query {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the timeline.
    pub handle: u32,
    /// In: must be zero. Out: the last point that is signalled.
    pub value: u64,
    /// In: must be zero. Out: the last point that is submitted.
    pub submitted: u64,
    /// In: must be zero. Out: the last signalled point whose work has failed.
    pub failed_point: u64,
    /// In: must be zero. Out: why that has failed, an error number.
    pub error: u32,
    /// Must be zero.
    pub reserved: u32,
}

/// Argument of `ACCEL_IOC_TIMELINE_SIGNAL`, `struct accel_timeline_signal`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Signal {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the timeline.
    pub handle: u32,
    /// In: higher than all that are submitted.
    pub point: u64,
}

/// A point that is waited for, `struct accel_timeline_point`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Point {
    /// The timeline.
    pub handle: u32,
    /// Must be zero.
    pub reserved: u32,
    /// Its number.
    pub point: u64,
}

/// Argument of `ACCEL_IOC_TIMELINE_WAIT`, `struct accel_timeline_wait`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Wait {
    /// The size of this structure.
    pub size: u32,
    /// In: a combination of [`ALL`] and [`SUBMITTED`].
    pub flags: u32,
    /// In: where the process has an array of [`Point`].
    pub points_ptr: u64,
    /// In: how many there are.
    pub count: u32,
    /// In: how long to wait, in milliseconds.
    pub timeout_ms: u32,
    /// In: `CLOCK_MONOTONIC` time at which to give up, in nanoseconds; zero to
    /// go by the time-out.
    pub deadline_ns: u64,
    /// In: must be zero. Out: which of the points it is.
    pub index: u32,
    /// Must be zero.
    pub reserved: u32,
}

/// Argument of `ACCEL_IOC_TIMELINE_EXPORT`, `struct accel_timeline_export`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Export {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the timeline.
    pub handle: u32,
    /// In: `O_CLOEXEC` or zero, for the new descriptor.
    pub flags: u32,
    /// In: must be zero. Out: a descriptor of the timeline.
    pub fd: i32,
}

/// Argument of `ACCEL_IOC_TIMELINE_IMPORT`, `struct accel_timeline_import`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Import {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: a descriptor of a timeline, which can be closed afterwards.
    pub fd: i32,
    /// Must be zero.
    pub flags: u32,
    /// In: must be zero. Out: its handle, a new one each time.
    pub handle: u32,
}

/// Argument of `ACCEL_IOC_TIMELINE_ATTACH`, `struct accel_timeline_attach`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Attach {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the timeline.
    pub handle: u32,
    /// In: higher than all that are submitted.
    pub point: u64,
    /// In: a sync_file, which can be closed afterwards.
    pub fd: i32,
    /// Must be zero.
    pub flags: u32,
}

/// Argument of `ACCEL_IOC_TIMELINE_SYNC_FILE`,
/// `struct accel_timeline_sync_file`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct SyncFile {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the timeline.
    pub handle: u32,
    /// In: the point.
    pub point: u64,
    /// Must be zero.
    pub flags: u32,
    /// In: must be zero. Out: a sync_file.
    pub fd: i32,
}

/// Argument of `ACCEL_IOC_TIMELINE_EVENTFD`, `struct accel_timeline_eventfd`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Eventfd {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: the timeline.
    pub handle: u32,
    /// In: the point.
    pub point: u64,
    /// In: an eventfd, which can be closed afterwards.
    pub fd: i32,
    /// In: [`SUBMITTED`] or zero.
    pub flags: u32,
}
