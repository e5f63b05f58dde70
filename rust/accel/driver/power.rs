// SPDX-License-Identifier: GPL-2.0

//! How a driver puts a device to sleep, and wakes it.

use kernel::{
    prelude::*,
    time::Msecs, //
};

use super::{
    context::{
        Context,
        PowerManager, //
    },
    features::Features,
    handler,
    AccelDriver, //
};
use crate::device::ops::features::PowerFns;

/// Drivers that put their devices to sleep when nobody uses them. Without this trait, devices are
/// always awake, as far as the framework goes.
///
/// Both functions are called in any thread, but one at a time. A device is awake when it is bound,
/// and when its data is dropped. No call of a user that needs the device is inside the driver
/// meanwhile; others may be.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, PowerManager, PowerOps};
///
/// # struct Npu;
/// impl PowerOps for Npu {
///     fn suspend(_ctx: Context<'_, Self, PowerManager>) -> Result {
///         // Keeps what `resume` needs, and switches the clocks off.
///         Ok(())
///     }
///
///     fn resume(_ctx: Context<'_, Self, PowerManager>) -> Result {
///         // Brings the hardware up, as after a loss of power.
///         Ok(())
///     }
/// }
///
/// impl AccelDriver for Npu {
///     const FEATURES: Features<Self> = Features::none().power();
/// #   type Data = CovariantForLt!(());
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
pub trait PowerOps: AccelDriver {
    /// After how many milliseconds without use a device is put to sleep, from 1 to a day. The
    /// administrator may change this initial value.
    const AUTOSUSPEND_MS: Msecs = 100;

    /// Puts a device to sleep.
    ///
    /// Called when there was no powered call and no `Awake` for that long; and when the system goes
    /// to sleep, even if the device is busy: it has to keep what `resume` needs to go on with the
    /// work, or to let that fail. If it returns `EBUSY` or `EAGAIN`, the device stays awake, and so
    /// does the system. Any other error is taken for one that only a reset mends.
    ///
    /// Interrupts are handled until shortly after this has returned. So if this switches off what
    /// [`InterruptOps::interrupt`](super::InterruptOps::interrupt) reads, it takes note of that
    /// before, where that looks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, PowerManager};
    /// /// What the hook does if a job may not be interrupted.
    /// fn suspend<T: AccelDriver>(_ctx: Context<'_, T, PowerManager>, is_busy: bool) -> Result {
    ///     match is_busy {
    ///         true => Err(EBUSY),
    ///         false => Ok(()),
    ///     }
    /// }
    /// ```
    fn suspend(ctx: Context<'_, Self, PowerManager>) -> Result;

    /// Wakes a device.
    ///
    /// Brings it back from a loss of power. `suspend` was not called before if the device was
    /// wedged, or about to be reset, when it was put to sleep: then
    /// [`WorkOps::stop`](super::WorkOps::stop) was. If this fails, the device is wedged.
    fn resume(ctx: Context<'_, Self, PowerManager>) -> Result;
}

impl<T: PowerOps> Features<T> {
    /// Adds [`PowerOps`].
    pub const fn power(mut self) -> Self {
        assert!(
            T::AUTOSUSPEND_MS >= 1 && T::AUTOSUSPEND_MS <= crate::Deadline::MAX_MS,
            "a device is put to sleep after 1 ms to a day"
        );
        self.fns.power = Some(PowerFns {
            autosuspend_ms: T::AUTOSUSPEND_MS,
            suspend: handler::by_value(T::suspend),
            resume: handler::by_value(T::resume),
        });
        self
    }
}
