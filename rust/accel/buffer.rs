// SPDX-License-Identifier: GPL-2.0

//! Buffers: memory that a process and a device share.
//!
//! A process creates a buffer with `ACCEL_IOC_BO_CREATE`, knows it by a handle, which is a number
//! of its open file, and maps it. A driver declares that its devices have buffers with
//! [`BufferTable`], and finds the buffer of a handle with [`Context::buffer`].
//!
//! ```text
//!   open file              memory
//!   handle 1 ───► Object ───► Pages ◄─── mapping of a process
//!   handle 2 ───► Object ───► Pages
//! ```
//!
//! An object belongs to nobody: it lives as long as a handle, a mapping or the driver refers to it.
//! It contains nothing of the binding, so a mapping of system memory stays what it is when the
//! device goes; the handles go with the state of their file. What the driver keeps for a buffer,
//! [`BufferData`], belongs to the handle.

mod borrowers;
mod caller;
mod coherent;
mod data;
mod device_map;
mod dma_buf;
mod evict;
mod export;
mod foreign_map;
mod handles;
mod import;
mod ioctls;
mod kept_map;
mod kernel_map;
mod lending;
mod map;
mod mapped_table;
mod memory;
mod movable;
mod object;
mod pages;
mod peer;
mod place;
mod pool;
mod registry;
mod segments;
mod share;
#[cfg(CONFIG_MMU_NOTIFIER)]
mod user;
mod vmap;

pub use crate::driver::{
    buffer::{
        Buffer,
        BufferTable,
        Memory, //
    },
    buffer_data::BufferData,
    reserved::{
        with_reserved,
        Reserved, //
    },
};

pub use self::{
    device_map::{
        DeviceMap,
        Piece,
        Pieces, //
    },
    evict::CopyRequest,
    kept_map::{
        KeptMap,
        MapInUse, //
    },
    place::{
        PlaceRequest,
        Placed,
        Placement, //
    },
    pool::Regions,
    vmap::VMap, //
};

pub(crate) use self::{
    caller::Caller,
    data::{
        Data,
        GiveUp,
        RawData, //
    },
    dma_buf::DmaBuf,
    evict::allocate,
    export::{
        export as export_view,
        object_behind, //
    },
    handles::Handles,
    ioctls::{
        close,
        create,
        export,
        import,
        info,
        mmap_offset,
        user_memory, //
    },
    lending::Permission,
    map::mmap,
    object::Object,
    pages::pages_of,
    pool::Pool,
    vmap::Accessor, //
};

use crate::module_parameters;

/// How much an open file may have.
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
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Read,
    /// It writes, and may read.
    Write,
}
