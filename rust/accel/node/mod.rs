// SPDX-License-Identifier: GPL-2.0

//! Nodes: what user space sees of a device.
//!
//! # What is here
//!
//! The char device with its file operations, the ioctls and their dispatch, the information topics,
//! mappings by a process, and what is shown in sysfs, debugfs, hwmon and `fdinfo`. An ioctl that
//! all devices have is a row in `dispatch`, a topic that all devices have is one in `info`.
//!
//! # What it may use
//!
//! `device` and what is below it. A driver is the table of functions that the device holds, which
//! is only used inside the gate.
//!
//! # What it must not know
//!
//! The types of a driver. So an open file belongs to `accel.ko` alone, and the module of a driver
//! can go while files are open.

pub(crate) mod args;
pub(crate) mod buffers;
pub(crate) mod chardev;
pub(crate) mod debugfs;
pub(crate) mod dispatch;
pub(crate) mod fdinfo;
pub(crate) mod hwmon;
pub(crate) mod info;
pub(crate) mod mapping;
pub(crate) mod passthrough;
pub(crate) mod sysfs;
pub(crate) mod timelines;
