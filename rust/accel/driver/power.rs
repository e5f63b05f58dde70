// SPDX-License-Identifier: GPL-2.0

//! How a driver puts a device to sleep, and wakes it.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    time::Msecs, //
};

use super::{
    context::{
        Context,
        PowerManager, //
    },
    AccelDriver,
    Invariant, //
};

type Hook<T> = for<'a> fn(Context<'a, T, PowerManager>) -> Result;

/// How the driver `T` puts its devices to sleep.
pub struct Power<T: AccelDriver> {
    pub(crate) suspend: Option<Hook<T>>,
    pub(crate) resume: Option<Hook<T>>,
    pub(crate) autosuspend_ms: Msecs,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Power<T> {
    /// It does not: they are always awake, as far as the framework goes.
    pub const fn none() -> Self {
        Self {
            suspend: None,
            resume: None,
            autosuspend_ms: 100,
            _driver: PhantomData,
        }
    }

    /// Returns whether devices sleep.
    pub(crate) const fn is_managed(&self) -> bool {
        cfg!(CONFIG_PM) && self.suspend.is_some()
    }

    /// It calls `suspend` to put a device to sleep, and `resume` to wake it, in any thread, but one
    /// at a time. A device is awake when it is bound, and when its data is dropped.
    ///
    /// `suspend` is called when no reference is left for a while; and when the system goes to
    /// sleep, even if the device is busy: it has to keep what `resume` needs to go on with the
    /// work, or to let that fail. If it returns `EBUSY` or `EAGAIN`, the device stays awake, and
    /// so does the system. Any other error is taken for one that only a reset mends.
    ///
    /// `resume` brings the device back from a loss of power. `suspend` was not called before if the
    /// device was wedged, or about to be reset, when it was put to sleep: then
    /// [`AccelDriver::stop`] was. If `resume` fails, the device is wedged.
    ///
    /// No call of a user that needs the device is inside the driver meanwhile; others may be.
    pub const fn by(suspend: Hook<T>, resume: Hook<T>) -> Self {
        Self {
            suspend: Some(suspend),
            resume: Some(resume),
            ..Self::none()
        }
    }

    /// Says after how many milliseconds without use a device is put to sleep; at first, since it
    /// is the administrator's choice. 100 by default, and from 1 to a day.
    pub const fn autosuspend_ms(mut self, delay: Msecs) -> Self {
        assert!(
            delay >= 1 && delay <= crate::Deadline::MAX_MS,
            "a device is put to sleep after 1 ms to a day"
        );
        self.autosuspend_ms = delay;
        self
    }
}
