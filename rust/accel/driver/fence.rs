// SPDX-License-Identifier: GPL-2.0

//! Fences: the promise that a piece of work will be done, to whoever wants to wait for it.
//!
//! A driver makes a [`DriverFence`] for what it has been given to do, on the [`Timeline`] of who
//! gave it, and signals it when that is done or has failed. Everybody else has a [`Fence`], which
//! can be handed to processes and to other drivers as a [`SyncFile`], and come from them.
//!
//! ```text
//!   Timeline ──fence()──► DriverFence ──signal(), or dropped──► (gone)
//!                              │ fence()
//!                              ▼
//!                            Fence ◄──── SyncFile (a descriptor), another driver
//! ```
//!
//! A fence is signalled once: by its driver, or by the framework when the device is reset, is
//! wedged or goes. So a fence that is not signalled belongs to a device that runs, and one that is
//! refers to nothing but its own memory: neither to the driver, nor to this module.

use kernel::{
    prelude::*,
    sync::aref::ARef, //
};

pub use crate::{
    base::fence::{
        DriverFence,
        Fence,
        Signalling,
        SyncFile,
        Timeline, //
    },
    device::fence_callback::FenceCallback, //
};

use super::{
    context::{
        Context,
        Role,
        Wake, //
    },
    device::Device,
    features::Features,
    work::WorkOps,
    AccelDriver, //
};
use crate::{
    base::wait::Deadline,
    device::fence_callback::CallbackTarget, //
};

impl Timeline {
    /// Makes a timeline for work of `device`.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{fence::{DriverFence, Timeline}, prelude::*};
    ///
    /// /// Makes the fence of the first job of a queue.
    /// fn first<T: AccelDriver>(ctx: &Context<'_, T>) -> Result<(Timeline, DriverFence)> {
    ///     let queue = Timeline::new(ctx.device());
    ///     let fence = queue.fence()?;
    ///     Ok((queue, fence))
    /// }
    /// ```
    pub fn new<T: AccelDriver>(device: &Device<T>) -> Self {
        Self::of(device.fences())
    }
}

impl FenceCallback {
    /// Tells the driver of `device` when `fence` is signalled.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{fence::{Fence, FenceCallback}, prelude::*, WorkOps};
    ///
    /// /// Has [`WorkOps::background`] called when the fence of another driver is signalled.
    /// fn call_after<T: WorkOps>(
    ///     ctx: &Context<'_, T>,
    ///     fd: i32,
    /// ) -> Result<Pin<KBox<FenceCallback>>> {
    ///     let callback = FenceCallback::new(ctx.device(), Fence::from_fd(fd)?);
    ///     Ok(KBox::pin_init(callback, GFP_KERNEL_ACCOUNT)?)
    /// }
    /// ```
    pub fn new<T: WorkOps>(device: &Device<T>, fence: ARef<Fence>) -> impl PinInit<Self> {
        const { Features::<T>::require_work() };
        Self::with(device.core(), fence, CallbackTarget::Driver)
    }
}

impl<T: AccelDriver, R: Role> Context<'_, T, R> {
    /// Sleeps until `fence` is signalled, a signal arrives, or the deadline has passed. The value
    /// is how the work of the fence has ended.
    ///
    /// A fence of others may never be signalled. As in [`Self::wait`], the caller does not hold up
    /// the removal of the device; if that happens, it wakes at once and gets `ENODEV`. Returns
    /// `ENOMEM` if there is no memory to wait with.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{fence::Fence, prelude::*};
    /// use kernel::sync::aref::ARef;
    ///
    /// /// Returns how the job of a fence has ended.
    /// fn result<T: AccelDriver>(ctx: Context<'_, T>, fence: &ARef<Fence>) -> Result {
    ///     let (_ctx, wake) = ctx.wait_fence(fence, Deadline::in_ms(1_000))?;
    ///     wake.ready()?
    /// }
    /// ```
    pub fn wait_fence(
        self,
        fence: &ARef<Fence>,
        deadline: Deadline,
    ) -> Result<(Self, Wake<Result>)> {
        if let Some(status) = fence.status() {
            return Ok((self, Wake::Ready(status)));
        }
        let callback =
            FenceCallback::with(self.device().core(), fence.clone(), CallbackTarget::Waiter);
        let callback = KBox::pin_init(callback, GFP_KERNEL_ACCOUNT)?;
        self.wait_in_queue(callback.queue(), deadline, |_| fence.status())
    }
}
