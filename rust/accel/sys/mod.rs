// SPDX-License-Identifier: GPL-2.0

//! The C side.
//!
//! # What is here
//!
//! `uapi`, the structures and numbers of the header for user space; `ffi`, what is missing in the
//! bindings of the kernel crate; `tracepoints`; and the C files of the module with their headers.
//!
//! # What it may use
//!
//! The kernel.
//!
//! # What it must not know
//!
//! Anything else of the framework.

pub(crate) mod ffi;
pub(crate) mod tracepoints;
pub mod uapi;
