// SPDX-License-Identifier: GPL-2.0

//! The structures and constants of `include/uapi/accel/sim.h`, where they are documented.

use accel::uapi_struct;

pub(crate) const ACCEL_SIM_ADD: u32 = 0;
pub(crate) const ACCEL_SIM_MULTIPLY: u32 = 1;
pub(crate) const ACCEL_SIM_MATMUL: u32 = 2;
pub(crate) const ACCEL_SIM_MAX_STEPS: u64 = 0x40_0000;
pub(crate) const ACCEL_SIM_MAX_JOBS: usize = 64;
pub(crate) const ACCEL_SIM_IN_FENCE: u32 = 0x1;
pub(crate) const ACCEL_SIM_OUT_FENCE: u32 = 0x2;

uapi_struct! {
    /// `struct accel_sim_operand`
    pub(crate) struct Operand {
        pub(crate) offset: u64,
        pub(crate) handle: u32,
        pub(crate) reserved: u32,
    }

    /// `ACCEL_SIM_IOC_SUBMIT`
    pub(crate) struct Submit {
        pub(crate) size: u32,
        pub(crate) op: u32,
        pub(crate) flags: u32,
        pub(crate) in_fence: i32,
        pub(crate) a: Operand,
        pub(crate) b: Operand,
        pub(crate) result: Operand,
        pub(crate) m: u32,
        pub(crate) n: u32,
        pub(crate) k: u32,
        pub(crate) out_fence: i32,
        pub(crate) job: u64,
    }

    /// `ACCEL_SIM_IOC_WAIT`
    pub(crate) struct Wait {
        pub(crate) size: u32,
        pub(crate) timeout_ms: u32,
        pub(crate) job: u64,
        pub(crate) error: i32,
        pub(crate) reserved: u32,
        pub(crate) deadline_ns: u64,
    }
}
