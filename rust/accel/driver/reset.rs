// SPDX-License-Identifier: GPL-2.0

//! Errors that a driver reports, and how it resets a device.

use core::marker::PhantomData;
use kernel::prelude::*;

use super::{
    context::{
        Context,
        Resetter, //
    },
    device::Device,
    AccelDriver,
    Invariant, //
};
use crate::device::{
    health::Fault,
    reset::Limit, //
};

type Hook<T> = for<'a> fn(Context<'a, T, Resetter>) -> Result;

/// How the driver `T` resets its devices.
pub struct Reset<T: AccelDriver> {
    pub(crate) hook: Option<Hook<T>>,
    pub(crate) limit: Limit,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Reset<T> {
    /// It cannot: an error that asks for a reset leaves a device wedged.
    pub const fn none() -> Self {
        Self {
            hook: None,
            limit: Limit::new(5, 60),
            _driver: PhantomData,
        }
    }

    /// It calls `hook`, in a thread of the kernel. If that succeeds, the device takes work again.
    ///
    /// Before, [`AccelDriver::stop`] is called, and all fences are signalled with `ECANCELED`.
    /// Meanwhile no call of a user is inside the driver. Those that sleep in [`Context::wait`]
    /// check their condition again afterwards: it has to tell them that their work is lost. Calls
    /// of observers, interrupts, and the opening and closing of files go on; debug files and
    /// [`AccelDriver::background`] do not.
    ///
    /// More than 5 resets in a minute, because of errors, leave a device wedged.
    pub const fn by(hook: Hook<T>) -> Self {
        Self {
            hook: Some(hook),
            ..Self::none()
        }
    }

    /// Says how many resets there may be, 1 to 16, in how many seconds.
    pub const fn at_most(mut self, resets: u32, seconds: u32) -> Self {
        self.limit = Limit::new(resets, seconds);
        self
    }
}

impl<T: AccelDriver> Device<T> {
    /// Reports an error that the device can live with. It is counted, and shown together with the
    /// time until the next one, by the information topic STATUS and in sysfs.
    ///
    /// May be called in any context. Many errors in a short time are one uevent.
    pub fn report(&self, fault: Fault) {
        self.core().report(fault);
    }

    /// Reports an error that only a reset mends, see [`AccelDriver::RESET`]. Returns at once; the
    /// reset is made soon, by a thread of the kernel.
    ///
    /// May be called in any context. A reset that is about to call the driver's hook mends the
    /// error as well; one that is raised later asks for another reset. If the device is wedged, the
    /// error is only counted.
    pub fn reset(&self, fault: Fault) {
        self.core().request_reset(fault);
    }
}
