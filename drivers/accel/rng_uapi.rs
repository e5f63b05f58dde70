// SPDX-License-Identifier: GPL-2.0

//! The structures of `include/uapi/accel/rng.h`, where they are documented.

use accel::uapi_struct;

uapi_struct! {
    /// `ACCEL_RNG_IOC_FILL`
    pub(crate) struct Fill {
        pub(crate) size: u32,
        pub(crate) handle: u32,
        pub(crate) offset: u64,
        pub(crate) len: u32,
        pub(crate) timeout_ms: u32,
        pub(crate) deadline_ns: u64,
    }
}
