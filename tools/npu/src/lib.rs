// SPDX-License-Identifier: GPL-2.0

//! NPU, a neural processing unit as a program: the device that the datasheet
//! `Documentation/accel/npu.rst` describes.
//!
//! The device itself is plain data, [`device::Device`]: it is told of accesses, of the time and of
//! a [`bus::Host`], and does not wait for anything. Its parts are [`config_space`], the registers
//! of [`interrupts`], [`mailbox`] and [`context`], and what they use: [`firmware`], [`coalesce`],
//! [`command`], [`work`], [`engine`], [`memory`], [`sensors`]. A test needs no more than that.
//!
//! The rest is what makes a process of it. One lock has the device and its host
//! ([`machine::Machine`]). Two threads use them: [`server`] brings the accesses of the client,
//! [`machine::Machine::run()`] does the work, in slices, so that accesses need not wait for long. A
//! third one, [`control`], takes the [`orders`] of tests. [`client`] is the host: its memory, as it
//! has mapped it for the device, and its interrupts.

#![forbid(unsafe_code)]

pub mod bus;
pub mod client;
pub mod coalesce;
pub mod command;
pub mod config_space;
pub mod context;
pub mod control;
pub mod device;
pub mod engine;
pub mod firmware;
pub mod interrupts;
pub mod machine;
pub mod mailbox;
pub mod memory;
pub mod orders;
pub mod registers;
pub mod sensors;
pub mod server;
pub mod work;

#[cfg(test)]
mod stub;
