// SPDX-License-Identifier: GPL-2.0

//! References that keep a device awake.

use core::ptr::NonNull;
use kernel::{
    bindings,
    new_spinlock_irq,
    prelude::*,
    sync::{
        Arc,
        SpinLockIrq, //
    }, //
};

use crate::{
    device::Core,
    ffi, //
};

/// By which references that are not tied to a call are given up, in any context: also when the
/// device is freed already, whose last reference must not be given up in interrupt context.
///
/// # Invariants
///
/// `dev` is `None` or valid, while it is locked.
#[pin_data]
pub(super) struct Keeper {
    #[pin]
    dev: SpinLockIrq<Option<NonNull<bindings::device>>>,
}

// SAFETY: The power management of a device may be used from any thread.
unsafe impl Send for Keeper {}
// SAFETY: As above.
unsafe impl Sync for Keeper {}

impl Keeper {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            dev <- new_spinlock_irq!(None),
        })
    }

    /// Sets the device.
    ///
    /// # Safety
    ///
    /// It must be valid until this is called again, with `None`.
    pub(super) unsafe fn set_device(&self, dev: Option<NonNull<bindings::device>>) {
        // INVARIANT: Same as the safety requirements.
        *self.dev.lock() = dev;
    }
}

/// Keeps a device awake, for a call.
#[must_use = "the device may go to sleep when this is dropped"]
pub(crate) struct Hold<'a>(Option<&'a Core>);

impl<'a> Hold<'a> {
    /// Takes over a reference to a device, if its power is managed.
    pub(super) fn new(core: Option<&'a Core>) -> Self {
        Self(core)
    }

    /// Turns it into one that is not tied to the device.
    pub(crate) fn into_owned(self) -> Awake {
        let managed = self.0.and_then(|core| core.power.as_ref());
        let keeper = managed.map(|managed| managed.keeper.clone());
        // The reference has a new owner.
        core::mem::forget(self);
        Awake(keeper)
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some(core) = self.0 {
            // SAFETY: The device is valid, and a reference is given up.
            unsafe { ffi::accel_power_put(core.dev.get()) };
        }
    }
}

/// Keeps a device awake, until it is dropped; in any context, interrupts included, and also when
/// the device is gone. See [`Context::stay_awake`](crate::Context::stay_awake).
#[must_use = "the device may go to sleep when this is dropped"]
pub struct Awake(Option<Arc<Keeper>>);

impl Drop for Awake {
    #[inline(never)]
    fn drop(&mut self) {
        let Some(keeper) = &self.0 else { return };
        let dev = keeper.dev.lock();
        if let Some(dev) = *dev {
            // SAFETY: By the invariant of the keeper, the device is valid while it is locked. A
            // reference is given up.
            unsafe { ffi::accel_power_put(dev.as_ptr()) };
        }
    }
}

impl Core {
    /// Keeps the device awake, if it is. Does not sleep.
    #[inline]
    pub(crate) fn hold_awake(&self) -> Option<Hold<'_>> {
        match self.power {
            Some(_) => self.hold_managed(),
            None => Some(Hold(None)),
        }
    }

    #[inline(never)]
    fn hold_managed(&self) -> Option<Hold<'_>> {
        // SAFETY: The device is valid.
        let is_awake = unsafe { ffi::accel_power_get_if_active(self.dev.get()) };
        // Not sooner: to drop one gives up a reference.
        is_awake.then(|| Hold(Some(self)))
    }
}
