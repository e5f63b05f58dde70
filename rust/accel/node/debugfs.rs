// SPDX-License-Identifier: GPL-2.0

//! Files of a driver's own in `/sys/kernel/debug/accelerator/accelN`.
//!
//! A driver lists them in [`AccelDriver::DEBUG_FILES`](crate::AccelDriver::DEBUG_FILES), each with
//! a function that prints what is in it. They are there for as long as the device is bound.
//!
//! The kernel crate's files in debugfs are not enough here. They do not count as users of the
//! module that they are part of, so a file that somebody has open does not keep that module from
//! being unloaded; and to remove one waits until those who read it have got what they asked for,
//! which takes as long as user space pleases. Ours hold a reference to the device instead, as its
//! node does: they can be open when that goes, and to read one is `ENODEV` then.

#[cfg_attr(CONFIG_DEBUG_FS, path = "debugfs/folder.rs")]
#[cfg_attr(not(CONFIG_DEBUG_FS), path = "debugfs/nothing.rs")]
mod folder;

pub(crate) use self::folder::{
    DeviceFolder,
    Root, //
};
