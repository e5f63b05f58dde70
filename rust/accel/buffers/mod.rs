// SPDX-License-Identifier: GPL-2.0

//! Memory that processes share with a device.
//!
//! A process creates a buffer with `ACCEL_IOC_BO_CREATE`, knows it by a handle, which is a number
//! of its open file, and maps it.
//!
//! ```text
//!   open file              memory
//!   handle 1 ───► Object ───► Pages ◄─── mapping of a process
//!   handle 2 ───► Object ───► Pages
//! ```
//!
//! An object belongs to nobody: it lives as long as a handle, a mapping or the driver refers to it.
//! It contains nothing of the binding, so a mapping of system memory stays what it is when the
//! device goes; the handles go with the state of their file. What the driver keeps for a buffer
//! belongs to the handle.
//!
//! # What is here
//!
//! `handles` of an open file and the `object` behind a handle, whose bytes are in memory of the
//! system, of the device's `pool`, or of an `import`; `movable` ones change places. How they are
//! reached: `map` by a process, `vmap` by the kernel, `device_map` by the device, `export` by
//! others. `borrowers` has the list of all of these, for when the memory is revoked. A new kind of
//! memory is a variant of `Backing`, in `object`.
//!
//! # What it may use
//!
//! `memory` and what is below it.
//!
//! # What it must not know
//!
//! Devices and drivers. What buffers need of a call inside the gate is the trait [`Caller`].

pub(crate) mod borrowers;
pub(crate) mod device_map;
pub(crate) mod export;
pub(crate) mod handles;
pub(crate) mod import;
pub(crate) mod map;
pub(crate) mod movable;
pub(crate) mod object;
pub(crate) mod pool;
pub(crate) mod vmap;

pub use self::{
    device_map::{
        DeviceMap,
        KeptMap,
        MapInUse,
        Piece,
        Pieces, //
    },
    movable::{
        migrate::CopyRequest,
        Placed, //
    },
    vmap::VMap, //
};

pub(crate) use self::{
    device_map::Copying,
    export::{
        export as export_view,
        object_behind, //
    },
    handles::Handles,
    import::Request,
    map::mmap,
    movable::migrate::allocate,
    object::Object,
    pool::{
        Caller,
        Pool, //
    },
    vmap::Accessor, //
};

use crate::module_parameters;

/// How much an open file may have.
///
/// # Examples
///
/// ```
/// use accel::buffer::Limits;
///
/// /// Any number of buffers, 256 MiB together.
/// const LIMITS: Limits = Limits {
///     bytes: 256 << 20,
///     ..Limits::NONE
/// };
/// ```
#[derive(Clone, Copy)]
pub struct Limits {
    /// How many buffers.
    pub buffers: u32,
    /// How many bytes all of them have together.
    pub bytes: u64,
}

impl Limits {
    /// As much as there is. The administrator's limits hold all the same.
    pub const NONE: Self = Self {
        buffers: u32::MAX,
        bytes: u64::MAX,
    };

    /// Returns the stricter of these and those of the administrator.
    pub(crate) fn with_administrator(self) -> Self {
        let bytes = match module_parameters::max_buffer_bytes.value() {
            0 => u64::MAX,
            bytes => bytes,
        };
        Self {
            buffers: self.buffers.min(module_parameters::max_buffers.value()),
            bytes: self.bytes.min(bytes),
        }
    }
}

/// What work does with the memory of a buffer.
///
/// # Examples
///
/// ```
/// use accel::{buffer::{with_reserved, Access, Buffer}, fence::DriverFence, prelude::*};
///
/// /// Lets others wait for a job that reads one buffer and writes another.
/// fn publish<T: AccelDriver>(
///     ctx: &Context<'_, T>,
///     input: &Buffer<T>,
///     output: &Buffer<T>,
///     done: &DriverFence,
/// ) -> Result {
///     let buffers = [(input, Access::Read), (output, Access::Write)];
///     with_reserved(ctx, &buffers, |reserved| {
///         reserved.add(done);
///         Ok(())
///     })
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Read,
    /// It writes, and may read.
    Write,
}
