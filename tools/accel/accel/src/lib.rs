// SPDX-License-Identifier: GPL-2.0

//! Typed access to compute accelerator devices, `/dev/accelerator/accelN`.
//!
//! [`Namespace`] finds the devices, [`Device`] is one that is open, in the
//! role of an observer (may look) or of a user (may do everything).
//! [`Device::info`] asks for information, [`Device::call`] does an ioctl; the
//! modules [`edu`], [`minimal`] and [`sim`] wrap those of the drivers `accel_edu`,
//! `accel_minimal` and `accel_sim`, [`buffer`] those on buffers, [`events`] has
//! what has to do with events, [`timeline`] the structures of timelines. The structures in [`uapi`] mirror the C headers in `include/uapi/accel`, which are
//! the authority.
//!
//! ```no_run
//! use accel::{uapi::InfoDriver, Namespace};
//!
//! for entry in Namespace::default().devices()? {
//!     let device = accel::Device::open_observer(&entry.node)?;
//!     println!("{}: {}", device.node().display(), device.info_one::<InfoDriver>()?.name);
//! }
//! # Ok::<(), accel::Error>(())
//! ```

#![deny(unsafe_code)]

pub mod buffer;
mod commands;
mod device;
pub mod edu;
mod error;
pub mod events;
mod info;
mod ioctl;
pub mod minimal;
mod namespace;
pub mod sim;
pub mod timeline;
pub mod uapi;

#[cfg(test)]
mod simulation;

pub use device::Device;
pub use device::Role;
pub use error::describe;
pub use error::Error;
pub use ioctl::Ioctl;
pub use namespace::Entry;
pub use namespace::Namespace;
pub use rustix::io::Errno;
pub use uapi::Record;
