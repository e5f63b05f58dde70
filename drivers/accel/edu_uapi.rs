// SPDX-License-Identifier: GPL-2.0

//! The structures of `include/uapi/accel/edu.h`, where they are documented.

use accel::uapi_struct;
use kernel::time::Msecs;

const DEFAULT_TIMEOUT_MS: Msecs = 1000;

/// Returns how long to wait, for what user space asks for; zero leaves it to the driver.
pub(crate) fn timeout(timeout_ms: Msecs) -> Msecs {
    let timeout_ms = Some(timeout_ms).filter(|&ms| ms != 0);
    timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS)
}

uapi_struct! {
    /// `ACCEL_EDU_IOC_FACTORIAL`
    pub(crate) struct Factorial {
        pub(crate) size: u32,
        pub(crate) n: u32,
        pub(crate) timeout_ms: u32,
        pub(crate) result: u32,
        pub(crate) deadline_ns: u64,
    }

    /// `ACCEL_EDU_IOC_COPY`
    pub(crate) struct BufferCopy {
        pub(crate) size: u32,
        pub(crate) len: u32,
        pub(crate) source: u32,
        pub(crate) target: u32,
        pub(crate) source_offset: u64,
        pub(crate) target_offset: u64,
        pub(crate) timeout_ms: u32,
        pub(crate) reserved: u32,
        pub(crate) deadline_ns: u64,
    }

    /// `ACCEL_EDU_IOC_SET_EVENTFD`
    pub(crate) struct SetEventFd {
        pub(crate) size: u32,
        pub(crate) fd: i32,
    }

    /// `ACCEL_EDU_IOC_RESET`
    pub(crate) struct Reset {
        pub(crate) size: u32,
        pub(crate) reserved: u32,
    }

    /// `ACCEL_EDU_IOC_LIVENESS`
    pub(crate) struct Liveness {
        pub(crate) size: u32,
        pub(crate) value: u32,
        pub(crate) reply: u32,
        pub(crate) reserved: u32,
    }
}
