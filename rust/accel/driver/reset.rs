// SPDX-License-Identifier: GPL-2.0

//! Errors that a driver reports, and how it resets a device.

use kernel::prelude::*;

pub use crate::device::reset::Limit as ResetLimit;

use super::{
    context::{
        Context,
        Resetter, //
    },
    device::Device,
    features::Features,
    handler,
    AccelDriver, //
};
use crate::device::{
    health::Fault,
    ops::features::ResetFns,
    Core, //
};

/// Drivers that can reset their devices. Without this trait, an error that asks for a reset leaves
/// a device wedged.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, ResetLimit, ResetOps, Resetter};
///
/// # struct Npu;
/// impl ResetOps for Npu {
///     const LIMIT: ResetLimit = ResetLimit::new(3, 60);
///
///     fn reset(_ctx: Context<'_, Self, Resetter>) -> Result {
///         // Loads the firmware again, and fails if it does not answer.
///         Ok(())
///     }
/// }
///
/// impl AccelDriver for Npu {
///     const FEATURES: Features<Self> = Features::none().reset();
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
pub trait ResetOps: AccelDriver {
    /// How many resets there may be, because of errors, before a device is left wedged: 5 in a
    /// minute by default.
    const LIMIT: ResetLimit = ResetLimit::new(5, 60);

    /// Resets a device, in a thread of the kernel. If that succeeds, the device takes work again.
    ///
    /// Before, [`WorkOps::stop`](super::WorkOps::stop) is called, and all fences are signalled with
    /// `ECANCELED`. Meanwhile no call of a user is inside the driver. Those that sleep in
    /// [`Context::wait`] check their condition again afterwards: it has to tell them that their
    /// work is lost. Calls of observers, interrupts, and the opening and closing of files go on;
    /// debug files, [`WorkOps::background`](super::WorkOps::background) and
    /// [`WorkOps::clean_up`](super::WorkOps::clean_up) do not.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Resetter};
    /// /// What the hook does: waits until the hardware answers, a second at most.
    /// fn reset<T: AccelDriver>(ctx: Context<'_, T, Resetter>, is_up: fn() -> bool) -> Result {
    ///     let (_ctx, wake) = ctx.wait(Deadline::in_ms(1_000), |_| is_up().then_some(()))?;
    ///     wake.ready()
    /// }
    /// ```
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result;
}

impl<T: ResetOps> Features<T> {
    /// Adds [`ResetOps`].
    pub const fn reset(mut self) -> Self {
        self.fns.reset = Some(ResetFns {
            limit: T::LIMIT,
            reset: handler::by_value(T::reset),
        });
        self
    }
}

impl<T: ResetOps> Context<'_, T> {
    /// Resets the device, as [`ResetOps::reset`] says, and returns when that is done: for an ioctl
    /// by which user space has the device reset. It counts neither as an error nor for
    /// [`ResetOps::LIMIT`], so an ioctl for everybody admits few of them.
    ///
    /// The caller is outside of the gate meanwhile, as in [`Self::wait`]. If a reset is about to
    /// begin anyway, that one is enough. Returns the error of the driver's hook, which leaves the
    /// device wedged; `EIO` if it is wedged already, `ENODEV` if it goes, and `EINTR` if the
    /// process is killed before the reset begins.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, ResetOps};
    /// # uapi_struct! { struct Reset { size: u32, reserved: u32, } }
    /// fn reset<T: ResetOps>(ctx: Context<'_, T>, args: &mut Reset) -> Result {
    ///     if args.reserved != 0 {
    ///         return Err(EINVAL);
    ///     }
    ///     ctx.reset()?;
    ///     Ok(())
    /// }
    /// ```
    pub fn reset(self) -> Result<Self> {
        self.reset_by(Core::reset_by_user)
    }
}

impl<T: AccelDriver> Device<T> {
    /// Returns how many resets were begun. A driver whose files are of no use after a reset keeps
    /// the number in [`FileOps::File`](super::FileOps::File), and compares.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// /// Refuses a file that was opened before the last reset.
    /// fn check<T: AccelDriver>(dev: &Device<T>, opened_after: u64) -> Result {
    ///     match dev.resets() == opened_after {
    ///         true => Ok(()),
    ///         false => Err(ENODEV),
    ///     }
    /// }
    /// ```
    pub fn resets(&self) -> u64 {
        self.core().health.record().resets
    }

    /// Reports an error that the device can live with. It is counted, and shown together with the
    /// time until the next one, by the information topic STATUS and in sysfs.
    ///
    /// May be called in any context. Many errors in a short time are one uevent.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Fault};
    /// /// What an interrupt does that tells of a corrected error of the memory.
    /// fn corrected<T: AccelDriver>(dev: &Device<T>, syndrome: u32) {
    ///     dev.report(Fault::hardware(syndrome.into()));
    /// }
    /// ```
    pub fn report(&self, fault: Fault) {
        self.core().report(fault);
    }

    /// Reports an error that only a reset mends, see [`ResetOps`]. Returns at once; the
    /// reset is made soon, by a thread of the kernel.
    ///
    /// May be called in any context. A reset that is about to call the driver's hook mends the
    /// error as well; one that is raised later asks for another reset. If the device is wedged, the
    /// error is only counted.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Fault};
    /// /// What an interrupt does that tells that the firmware has crashed.
    /// fn crashed<T: AccelDriver>(dev: &Device<T>, code: u32) {
    ///     dev.reset(Fault::firmware(code.into()));
    /// }
    /// ```
    pub fn reset(&self, fault: Fault) {
        self.core().request_reset(fault);
    }
}
