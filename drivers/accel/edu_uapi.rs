// SPDX-License-Identifier: GPL-2.0

//! The structures of `include/uapi/accel/edu.h`, where they are documented.

use kernel::prelude::*;
use zerocopy_derive::KnownLayout;

/// `ACCEL_EDU_IOC_FACTORIAL`
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout)]
pub(crate) struct Factorial {
    pub(crate) size: u32,
    pub(crate) n: u32,
    pub(crate) timeout_ms: u32,
    pub(crate) result: u32,
}

/// `ACCEL_EDU_IOC_COPY`
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout)]
pub(crate) struct BufferCopy {
    pub(crate) size: u32,
    pub(crate) len: u32,
    pub(crate) source: u32,
    pub(crate) target: u32,
    pub(crate) source_offset: u64,
    pub(crate) target_offset: u64,
    pub(crate) timeout_ms: u32,
    pub(crate) reserved: u32,
}

/// `ACCEL_EDU_IOC_LIVENESS`
#[repr(C)]
#[derive(FromBytes, IntoBytes, KnownLayout)]
pub(crate) struct Liveness {
    pub(crate) size: u32,
    pub(crate) value: u32,
    pub(crate) reply: u32,
    pub(crate) reserved: u32,
}
