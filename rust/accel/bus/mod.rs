// SPDX-License-Identifier: GPL-2.0

//! Buses: how a device on a bus becomes an accelerator.
//!
//! # What is here
//!
//! An adapter for each bus, with the trait that its drivers implement and the macro that declares
//! their module; and `registration`, by which an adapter binds a device: it makes the device, shows
//! it, and takes it away when the parent is unbound.
//!
//! # What it may use
//!
//! All other floors. Most of it is the typed front in `driver`.
//!
//! # What it must not know
//!
//! How a device works when it is there: what user space asks for, what is done about errors, where
//! memory is. A new bus touches no other floor.

#[cfg(CONFIG_AUXILIARY_BUS)]
pub mod auxiliary;
pub(crate) mod dma;
pub mod faux;
pub(crate) mod parent;
#[cfg(CONFIG_PCI)]
pub mod pci;
pub mod platform;
pub(crate) mod registration;
