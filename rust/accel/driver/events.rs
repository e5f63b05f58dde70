// SPDX-License-Identifier: GPL-2.0

//! Events of a driver's own, and eventfds that it signals itself.

use kernel::prelude::*;

use super::{
    context::{
        Context,
        User, //
    },
    device::Device,
    AccelDriver, //
};
use crate::{
    base::eventfd::EventFd,
    sys::uapi::{
        flags::EventClass,
        ACCEL_EVENT_DRIVER_BASE, //
    }, //
};

/// The kind of an event of a driver's own: a number from `ACCEL_EVENT_DRIVER_BASE` on, 0x8000.
///
/// The driver's C header says what it and its data mean. A number that comes from elsewhere, such
/// as from firmware, is tried with [`TryFrom`].
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, EventKind};
///
/// /// `MY_EVENT_OVERHEATED` of `my_npu.h`. The first number is the temperature.
/// const OVERHEATED: EventKind = EventKind::new::<0x8000>();
///
/// fn overheated<T: AccelDriver>(dev: &Device<T>, temperature_mc: u32) {
///     dev.send_event(OVERHEATED, [temperature_mc.into(), 0, 0]);
/// }
/// ```
#[derive(Clone, Copy)]
pub struct EventKind(u32);

impl EventKind {
    /// Returns the kind of this number. One that is not a driver's does not compile.
    pub const fn new<const KIND: u32>() -> Self {
        const {
            assert!(
                KIND >= ACCEL_EVENT_DRIVER_BASE,
                "the kinds of a driver's events are from 0x8000 on"
            );
        }
        Self(KIND)
    }
}

impl TryFrom<u32> for EventKind {
    type Error = Error;

    /// Returns `EINVAL` if the number is not a driver's.
    fn try_from(kind: u32) -> Result<Self> {
        if kind < ACCEL_EVENT_DRIVER_BASE {
            return Err(EINVAL);
        }
        Ok(Self(kind))
    }
}

impl<T: AccelDriver> Device<T> {
    /// Sends an event to those who have subscribed to the events of the driver. What the data mean
    /// is up to the driver.
    ///
    /// May be called in any context; costs nothing if nobody has subscribed.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, EventKind};
    /// const THROTTLED: EventKind = EventKind::new::<0x8001>();
    ///
    /// fn throttled<T: AccelDriver>(dev: &Device<T>, hz: u64) {
    ///     dev.send_event(THROTTLED, [hz, 0, 0]);
    /// }
    /// ```
    pub fn send_event(&self, kind: EventKind, data: [u64; 3]) {
        self.core().send_event(EventClass::Driver, kind.0, data);
    }
}

impl<T: AccelDriver> Context<'_, T, User> {
    /// Returns the eventfd that the calling process has under a descriptor, for the driver to
    /// signal. What is kept for the file is dropped with it: in [`FileOps::File`](crate::FileOps).
    ///
    /// Returns `EBADF` if there is nothing under it, and `EINVAL` if it is something else.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, EventFd};
    /// /// Returns what to signal from now on; -1 is nothing.
    /// fn eventfd<T: AccelDriver>(ctx: &Context<'_, T>, fd: i32) -> Result<Option<EventFd>> {
    ///     match fd {
    ///         -1 => Ok(None),
    ///         fd => ctx.eventfd(fd).map(Some),
    ///     }
    /// }
    /// ```
    pub fn eventfd(&self, fd: i32) -> Result<EventFd> {
        EventFd::get(fd)
    }
}
