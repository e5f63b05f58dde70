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
    base::{
        eventfd::EventFd,
        names, //
    },
    device::uevent,
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

/// The name of a variable of a uevent of a driver's own: in the uevent, it follows `ACCEL_DRIVER_`.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, UeventName};
///
/// const CONTEXT: UeventName = UeventName::new("CONTEXT");
/// const HANGS: UeventName = UeventName::new("HANGS");
///
/// /// Sends `ACCEL_DRIVER_CONTEXT=` and `ACCEL_DRIVER_HANGS=`, beside what all uevents have.
/// fn has_hung<T: AccelDriver>(dev: &Device<T>, context: u32, hangs: u64) -> Result {
///     dev.send_uevent(&[(CONTEXT, context.into()), (HANGS, hangs)])
/// }
/// ```
#[derive(Clone, Copy)]
pub struct UeventName(&'static str);

impl UeventName {
    /// Returns a name of up to 31 capital letters, digits and `_`. Another one does not compile, if
    /// this is in a constant.
    pub const fn new(name: &'static str) -> Self {
        names::require(
            names::is_of_variable(name.as_bytes()) && name.len() <= uevent::MAX_NAME,
            name.as_bytes(),
            "a variable of a uevent has up to 31 capital letters, digits and `_`",
        );
        Self(name)
    }
}

impl<T: AccelDriver> Device<T> {
    /// Sends a uevent with up to 4 variables of the driver's own, for those who have no node open,
    /// such as udev. May sleep, and allocates memory, so no fence may depend on the caller: see
    /// [`WorkOps::clean_up`](crate::WorkOps::clean_up).
    ///
    /// Returns `EINVAL` for more variables, `EBUSY` within 100 milliseconds of the last one,
    /// `ENODEV` if the device is gone, and `ENOMEM`. A uevent may get lost, so what it tells is to
    /// be found elsewhere, too, such as in an attribute.
    pub fn send_uevent(&self, variables: &[(UeventName, u64)]) -> Result {
        let mut named = [("", 0); uevent::MAX_VARIABLES];
        let named = named.get_mut(..variables.len()).ok_or(EINVAL)?;
        for (named, (name, value)) in named.iter_mut().zip(variables) {
            *named = (name.0, *value);
        }
        self.core().send_driver_uevent(named)
    }

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
    /// signal. If an interrupt is to signal it, keep it where the driver's data reaches it, and
    /// take it out in the drop of [`FileOps::File`](crate::FileOps::File).
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
