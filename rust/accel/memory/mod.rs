// SPDX-License-Identifier: GPL-2.0

//! Memory, before it is that of a buffer.
//!
//! # What is here
//!
//! What there is to make buffers of: `pages` of the system, those of a process (`user`), the
//! `regions` of a device, which are its own memory (`device_memory`, `placement`) or `coherent`,
//! and a `dma_buf`. How memory is reached: by the kernel (`kernel_map`), by a device (`table`), and
//! by processes, in the `address_space` of a device: in an `io_range` of it, or in an `io_window`,
//! which the driver can revoke. Who may use it (`grant`), who is charged for it (`charge`), and
//! what has to be detached when the device goes (`registry`).
//!
//! # What it may use
//!
//! `base` and `sys`.
//!
//! # What it must not know
//!
//! Buffers and handles, devices and drivers.

pub(crate) mod address_space;
pub(crate) mod charge;
pub(crate) mod coherent;
pub(crate) mod device_memory;
pub(crate) mod dma_buf;
pub(crate) mod grant;
pub(crate) mod io_range;
pub(crate) mod io_window;
pub(crate) mod kernel_map;
pub(crate) mod pages;
pub(crate) mod placement;
pub(crate) mod regions;
pub(crate) mod registry;
pub(crate) mod table;
#[cfg(CONFIG_MMU_NOTIFIER)]
pub(crate) mod user;

pub use self::{
    placement::{
        PlaceRequest,
        Placement, //
    },
    regions::Regions, //
};

pub(crate) use self::{
    dma_buf::DmaBuf,
    grant::Permission,
    pages::pages_of, //
};
