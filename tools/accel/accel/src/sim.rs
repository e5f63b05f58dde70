// SPDX-License-Identifier: GPL-2.0

//! The driver `accel_sim`, an accelerator in software, `include/uapi/accel/sim.h`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The name that the driver gives in topic DRIVER.
pub const DRIVER: &str = "accel_sim";

/// [`Submit::op`]: adds vectors.
pub const ADD: u32 = 0;
/// [`Submit::op`]: multiplies vectors, number by number.
pub const MULTIPLY: u32 = 1;
/// [`Submit::op`]: multiplies matrices.
pub const MATMUL: u32 = 2;

/// The largest job, in multiplications or additions of numbers.
pub const MAX_STEPS: u32 = 0x40_0000;
/// How many jobs of an open file can be on their way.
pub const MAX_JOBS: u32 = 64;

/// [`Submit::flags`]: the job waits for [`Submit::in_fence`].
pub const IN_FENCE: u32 = 0x1;
/// [`Submit::flags`]: the job gets a sync_file, [`Submit::out_fence`].
pub const OUT_FENCE: u32 = 0x2;

/// Where in a buffer something is, `struct accel_sim_operand`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Operand {
    /// Bytes from its beginning.
    pub offset: u64,
    /// Of the buffer.
    pub handle: u32,
    /// Must be zero.
    pub reserved: u32,
}

/// Argument of `ACCEL_SIM_IOC_SUBMIT`, `struct accel_sim_submit`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Submit {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: [`ADD`], [`MULTIPLY`] or [`MATMUL`].
    pub op: u32,
    /// In: a combination of [`IN_FENCE`] and [`OUT_FENCE`].
    pub flags: u32,
    /// In: descriptor of a sync_file; zero without [`IN_FENCE`].
    pub in_fence: i32,
    /// In: the first operand.
    pub a: Operand,
    /// In: the second operand.
    pub b: Operand,
    /// In: where the result goes.
    pub result: Operand,
    /// In: rows of `a` and of the result; zero for vectors.
    pub m: u32,
    /// In: length of vectors; columns of `b` and of the result.
    pub n: u32,
    /// In: columns of `a` and rows of `b`; zero for vectors.
    pub k: u32,
    /// In: must be zero. Out: descriptor of a sync_file; zero without
    /// [`OUT_FENCE`].
    pub out_fence: i32,
    /// In: must be zero. Out: number of the job in this open file.
    pub job: u64,
}

/// Argument of `ACCEL_SIM_IOC_WAIT`, `struct accel_sim_wait`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Wait {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: how long to wait, in milliseconds; zero to return at once.
    pub timeout_ms: u32,
    /// In: number of a job.
    pub job: u64,
    /// In: must be zero. Out: zero if the job was done, or a negative error
    /// number that says why it was not.
    pub error: i32,
    /// Must be zero.
    pub reserved: u32,
}
