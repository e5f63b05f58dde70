// SPDX-License-Identifier: GPL-2.0

//! Drivers: what the author of a driver sees, with the types of the driver.
//!
//! # What is here
//!
//! The trait [`AccelDriver`] with the tables that it consists of, the optional traits beside it, a
//! [`Context`](context::Context) for each call, the [`Device`](device::Device), and one file for
//! each mechanism with the functions of it that a driver calls. All of it is generic and thin, and
//! compiled into the drivers' modules: `ops` erases a driver to the table that a device holds.
//!
//! A driver implements:
//!
//! | Trait                            | For                               | In `FEATURES`         |
//! |----------------------------------|-----------------------------------|-----------------------|
//! | [`AccelDriver`]                  | who the driver is, and its tables | (always)              |
//! | [`StartOps`]                     | hardware started before users     | `start()`             |
//! | [`FileOps`]                      | state of an open file, `poll()`   | `file()`              |
//! | [`CloseOps`]                     | what the hardware has of a file   | `close()`             |
//! | [`BufferOps`](buffer::BufferOps) | data of a buffer                  | `buffer()`            |
//! | [`MemoryOps`](buffer::MemoryOps) | memory of the device for buffers  | `memory()`            |
//! | [`MmapOps`]                      | memory, registers that are mapped | `mmap()`              |
//! | [`WorkOps`]                      | work that goes on after a call    | `work()`              |
//! | [`InterruptOps`]                 | interrupts of the device          | `interrupts()`        |
//! | [`InterruptThreadOps`]           | threads that handle interrupts    | `interrupt_threads()` |
//! | [`InfoOps`](info::InfoOps)       | firmware, clocks, sensors         | `info()`              |
//! | [`ResetOps`]                     | resets                            | `reset()`             |
//! | [`PowerOps`]                     | sleep of the device               | `power()`             |
//!
//! and the trait `Driver` of its bus: [`pci`](crate::pci), [`platform`](crate::platform),
//! [`auxiliary`](crate::auxiliary) or [`faux`](crate::faux). [`AccelDriver::FEATURES`] says which
//! of the optional traits there are; see [`Features`].
//!
//! # What it may use
//!
//! The floors below, from `node` on.
//!
//! # What it must not know
//!
//! Which bus a device is on. Nor does it decide anything: what a device does is in the mechanism of
//! the same name, which knows no driver.

pub(crate) mod accel_driver;
pub(crate) mod arrays;
pub(crate) mod attributes;
pub mod buffer;
pub(crate) mod buffer_data;
pub(crate) mod close;
pub(crate) mod context;
pub(crate) mod debug_files;
pub(crate) mod device;
pub mod engine;
pub(crate) mod events;
pub mod features;
pub mod fence;
pub(crate) mod file;
pub(crate) mod handler;
pub(crate) mod idle;
pub mod info;
pub(crate) mod interrupts;
pub mod ioctl;
pub(crate) mod maps;
pub(crate) mod memory;
pub(crate) mod mmap;
pub(crate) mod ops;
pub(crate) mod power;
pub mod prelude;
pub(crate) mod reserved;
pub(crate) mod reset;
pub(crate) mod start;
pub(crate) mod table;
pub mod timeline;
pub(crate) mod work;

pub use crate::device::ops::DriverInfo;

pub use self::{
    accel_driver::AccelDriver,
    attributes::{
        Attribute,
        AttributeTable, //
    },
    close::CloseOps,
    debug_files::{
        DebugFile,
        DebugTable, //
    },
    events::{
        EventKind,
        UeventName, //
    },
    features::Features,
    file::FileOps,
    interrupts::{
        InterruptOps,
        InterruptThreadOps,
        Irq, //
    },
    mmap::{
        Mapping,
        MmapOps, //
    },
    power::PowerOps,
    reset::{
        ResetLimit,
        ResetOps, //
    },
    start::StartOps,
    table::Table,
    work::WorkOps, //
};

pub(crate) use self::{
    accel_driver::Invariant,
    ops::OpsOf, //
};
