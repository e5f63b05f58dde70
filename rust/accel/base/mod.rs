// SPDX-License-Identifier: GPL-2.0

//! Mechanisms that need no device.
//!
//! # What is here
//!
//! The gate and the state behind it, sleeping and waking, fences and timelines of work and of user
//! space, numbers, limits, records for user space: each for itself, and most of them tested by
//! KUnit alone.
//!
//! # What it may use
//!
//! `sys`.
//!
//! # What it must not know
//!
//! That there are devices, buffers or drivers.

pub(crate) mod arrays;
pub(crate) mod awake;
pub(crate) mod client;
pub(crate) mod data;
pub(crate) mod eventfd;
pub(crate) mod fence;
pub(crate) mod gate;
pub(crate) mod handle_table;
pub(crate) mod minor;
pub(crate) mod names;
pub(crate) mod numbers;
pub(crate) mod open_policy;
pub(crate) mod queue;
pub(crate) mod rate_limit;
pub(crate) mod records;
pub(crate) mod state;
pub(crate) mod sync_timeline;
pub(crate) mod user_memory;
pub(crate) mod wait;
