// SPDX-License-Identifier: GPL-2.0

//! The devices of the test driver: what each of them has.

use accel::{
    buffer::Limits,
    coredump,
    prelude::*, //
};

/// What differs between the devices.
pub(crate) trait Policy: Send + Sync + 'static {
    const POLICY: OpenPolicy;
    /// How many buffers there may be; `None` for no buffers.
    const BUFFERS: Option<Limits> = None;
    /// How much memory the device has of its own, in bytes.
    const MEMORY: usize = 0;
    /// Whether devices can be reset.
    const RESET: bool = true;
    /// Whether devices can sleep.
    const POWER: bool = false;
    /// How large a dump is at most, in bytes.
    const MAX_DUMP: usize = coredump::MAX_BYTES;
    /// Whether devices are told of files that are closed.
    const CLOSE: bool = false;
    /// Whether devices have an engine that moves data.
    const MOVER: bool = true;
}

pub(crate) struct Shared;
pub(crate) struct Exclusive;
pub(crate) struct Limited;
pub(crate) struct PerUser;

impl Policy for Shared {
    const POLICY: OpenPolicy = OpenPolicy::Shared;
    const BUFFERS: Option<Limits> = Some(Limits::NONE);
    const POWER: bool = true;
}

impl Policy for Exclusive {
    const POLICY: OpenPolicy = OpenPolicy::Exclusive;
    const BUFFERS: Option<Limits> = Some(Limits {
        buffers: 4,
        bytes: 1 << 20,
    });
    const MEMORY: usize = 256 << 10;
    const RESET: bool = false;
    const MOVER: bool = false;
}

impl Policy for Limited {
    const POLICY: OpenPolicy = OpenPolicy::Limited(2);
    const POWER: bool = true;
    const MAX_DUMP: usize = 24 << 20;
    const CLOSE: bool = true;
}

impl Policy for PerUser {
    const POLICY: OpenPolicy = OpenPolicy::PerUser(2);
}
