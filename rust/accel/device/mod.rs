// SPDX-License-Identifier: GPL-2.0

//! Devices: the accelerator, from its registration until its last reference is gone.
//!
//! # What is here
//!
//! [`Core`], which is the device; the calls and the open files that use it; and what happens to it:
//! errors, resets, work and its deadlines, power, events, removal. `ops` is the driver as the
//! device holds it, a table of functions and of rows without types.
//!
//! # What it may use
//!
//! `buffers` and what is below it.
//!
//! # What it must not know
//!
//! What user space sees of it: the node is handed to it as a part, [`Node`]. Nor the types of its
//! driver, which it calls by the table and behind the gate.

pub(crate) mod background;
pub(crate) mod call;
pub(crate) mod close;
pub(crate) mod core;
pub mod coredump;
pub(crate) mod engine;
pub(crate) mod events;
pub(crate) mod fence_callback;
pub(crate) mod file;
pub(crate) mod health;
pub(crate) mod interrupts;
pub(crate) mod mapping;
pub(crate) mod node;
pub(crate) mod notify;
pub(crate) mod ops;
pub(crate) mod power;
pub(crate) mod reset;
pub(crate) mod section;
pub(crate) mod task;
pub(crate) mod timer;
pub(crate) mod trace;
pub(crate) mod uevent;
pub(crate) mod watchdog;
pub(crate) mod work;

pub(crate) use self::{
    core::{
        Core,
        DeviceIds, //
    },
    node::{
        Attributes,
        Node,
        Passthroughs, //
    }, //
};
