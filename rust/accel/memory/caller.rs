// SPDX-License-Identifier: GPL-2.0

//! A call that uses memory, as far as memory has to know it.

use kernel::{
    device,
    prelude::*,
    sync::Arc, //
};

use super::{
    movable::migrate::CopyRequest,
    pool::Pool, //
};
use crate::base::awake::Awake;

/// A call inside the gate of a device. As long as it is borrowed, the device is bound.
pub(crate) trait Caller {
    /// Returns the device on the bus.
    fn parent(&self) -> &device::Device<device::Bound>;

    /// Returns what buffers have of the device.
    fn pool(&self) -> &Arc<Pool>;

    /// Returns `ENODEV` if the device is to go, and `EAGAIN` if it is to be reset: a caller inside
    /// the gate holds that up, and with it those whom it may wait for.
    fn may_wait(&self) -> Result;

    /// Keeps the device awake, if it is. Does not sleep.
    fn hold_awake(&self) -> Option<Awake>;

    /// Has the driver copy a buffer. Returns `EOPNOTSUPP` if it cannot.
    fn copy_buffer(&self, request: &CopyRequest<'_>) -> Result;
}
