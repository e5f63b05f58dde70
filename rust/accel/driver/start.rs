// SPDX-License-Identifier: GPL-2.0

//! How a driver starts the hardware before there are users.

use kernel::prelude::*;

use super::{
    context::{
        Context,
        Resetter, //
    },
    features::Features,
    handler,
    AccelDriver, //
};
use crate::device::ops::features::StartFns;

/// Drivers that start the hardware when a device is bound, and need its interrupts for that: to
/// talk to its firmware, most of all. What needs none belongs into `probe`.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, ResetOps, Resetter, StartOps};
/// use kernel::sync::atomic::{AtomicFlag, Relaxed};
///
/// # struct Npu;
/// struct Data {
///     /// Set by the interrupt with which the firmware says that it runs.
///     is_up: AtomicFlag,
/// }
///
/// /// Starts the firmware, and waits until it runs, a second at most.
/// fn boot(ctx: Context<'_, Npu, Resetter>) -> Result {
///     ctx.data().is_up.store(false, Relaxed);
///     // Rings the firmware's doorbell.
///     let (_ctx, wake) = ctx.wait(Deadline::in_ms(1_000), |ctx| {
///         ctx.data().is_up.load(Relaxed).then_some(())
///     })?;
///     wake.ready()
/// }
///
/// impl StartOps for Npu {
///     fn start(ctx: Context<'_, Self, Resetter>) -> Result {
///         boot(ctx)
///     }
/// }
///
/// impl ResetOps for Npu {
///     fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
///         boot(ctx)
///     }
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(Data);
///     const FEATURES: Features<Self> = Features::none().start().reset();
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// }
/// ```
pub trait StartOps: AccelDriver {
    /// Starts the hardware. If that fails, the device is not bound.
    ///
    /// Called once, when the driver's data is in place and interrupts arrive, and before user space
    /// sees the device. [`InfoOps::sensors`](crate::info::InfoOps::sensors) is called only
    /// afterwards, so which sensors there are may be found out here. There is no other caller but
    /// [`WorkOps::background`](super::WorkOps::background) and
    /// [`WorkOps::clean_up`](super::WorkOps::clean_up), if they are asked for. Nobody can unbind
    /// the device meanwhile, so waiting for the hardware needs a time limit: use [`Context::wait`].
    /// A firmware file is loaded in `probe`, since reading it may take as long as others please.
    ///
    /// Whether it succeeds or not, [`WorkOps::stop`](super::WorkOps::stop) is called in the end,
    /// then the interrupts are freed, and the data is dropped.
    fn start(ctx: Context<'_, Self, Resetter>) -> Result;
}

impl<T: StartOps> Features<T> {
    /// Adds [`StartOps`].
    pub const fn start(mut self) -> Self {
        self.fns.start = Some(StartFns {
            start: handler::by_value(T::start),
        });
        self
    }
}
