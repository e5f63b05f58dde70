// SPDX-License-Identifier: GPL-2.0

//! Drivers: what the author of a driver sees, with the types of the driver.
//!
//! # What is here
//!
//! The trait [`AccelDriver`] with the tables that it consists of, a [`Context`](context::Context)
//! for each call, the [`Device`](device::Device), and one file for each mechanism with the
//! functions of it that a driver calls. All of it is generic and thin, and compiled into the
//! drivers' modules: `ops` erases a driver to the table that a device holds.
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
pub(crate) mod context;
pub(crate) mod debug_files;
pub(crate) mod device;
pub mod engine;
pub(crate) mod events;
pub mod fence;
pub(crate) mod handler;
pub(crate) mod idle;
pub mod info;
pub mod ioctl;
pub(crate) mod maps;
pub(crate) mod ops;
pub(crate) mod power;
pub mod prelude;
pub(crate) mod reserved;
pub(crate) mod reset;
pub(crate) mod table;
pub(crate) mod work;

pub use crate::device::ops::DriverInfo;

pub use self::{
    accel_driver::{
        AccelDriver,
        File, //
    },
    attributes::{
        Attribute,
        AttributeTable, //
    },
    debug_files::{
        DebugFile,
        DebugTable, //
    },
    events::EventKind,
    power::Power,
    reset::Reset,
    table::Table, //
};

pub(crate) use self::{
    accel_driver::Invariant,
    ops::OpsOf, //
};
