// SPDX-License-Identifier: GPL-2.0

//! Fences, as a driver makes them and waits for them.

use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

use super::AccelDriver;
use crate::{
    context::{
        Context,
        Role,
        Wake, //
    },
    device::Device,
    fence::{
        Fence,
        FenceCallback,
        Tell,
        Timeline, //
    },
    wait::Deadline, //
};

impl Timeline {
    /// Makes a timeline for work of `device`.
    pub fn new<T: AccelDriver>(device: &Device<T>) -> Self {
        Self::of(device.fences())
    }
}

impl FenceCallback {
    /// Tells the driver of `device` when `fence` is signalled.
    pub fn new<T: AccelDriver>(device: &Device<T>, fence: ARef<Fence>) -> impl PinInit<Self> {
        Self::with(device.core(), fence, Tell::Driver)
    }
}

impl<T: AccelDriver, R: Role> Context<'_, T, R> {
    /// Sleeps until `fence` is signalled, a signal arrives, or the deadline has passed. The value
    /// is how the work of the fence has ended.
    ///
    /// A fence of others may never be signalled. As in [`Self::wait`], the caller does not hold up
    /// the removal of the device; if that happens, it wakes at once and gets `ENODEV`. Returns
    /// `ENOMEM` if there is no memory to wait with.
    pub fn wait_fence(
        self,
        fence: &ARef<Fence>,
        deadline: Deadline,
    ) -> Result<(Self, Wake<Result>)> {
        if let Some(status) = fence.status() {
            return Ok((self, Wake::Ready(status)));
        }
        let callback = FenceCallback::with(self.device().core(), fence.clone(), Tell::Sleeper);
        let callback = KBox::pin_init(callback, GFP_KERNEL_ACCOUNT)?;
        self.wait_in_queue(callback.queue(), deadline, |_| fence.status())
    }
}
