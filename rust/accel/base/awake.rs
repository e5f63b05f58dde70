// SPDX-License-Identifier: GPL-2.0

//! References that keep a device awake, without being tied to it.

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

use crate::sys::ffi;

/// The device that references which are not tied to a call keep awake. Through this, they are given
/// up in any context: also when the device is freed already, whose last reference must not be given
/// up in interrupt context.
///
/// # Invariants
///
/// `dev` is `None` or valid, while it is locked.
#[pin_data]
pub(crate) struct PowerHandle {
    #[pin]
    dev: SpinLockIrq<Option<NonNull<bindings::device>>>,
}

// SAFETY: The power management of a device may be used from any thread.
unsafe impl Send for PowerHandle {}
// SAFETY: As above.
unsafe impl Sync for PowerHandle {}

impl PowerHandle {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            dev <- new_spinlock_irq!(None),
        })
    }

    /// Sets the device.
    ///
    /// # Safety
    ///
    /// It must be valid until this is called again, with `None`.
    pub(crate) unsafe fn set_device(&self, dev: Option<NonNull<bindings::device>>) {
        // INVARIANT: Same as the safety requirements.
        *self.dev.lock() = dev;
    }
}

/// Keeps a device awake, until it is dropped; in any context, interrupts included, and also when
/// the device is gone. See [`Context::stay_awake`](crate::Context::stay_awake).
#[must_use = "the device may go to sleep when this is dropped"]
pub struct Awake(Option<Arc<PowerHandle>>);

impl Awake {
    /// Takes over a reference of the device of `handle`, if its power is managed.
    pub(crate) fn new(handle: Option<Arc<PowerHandle>>) -> Self {
        Self(handle)
    }
}

impl Drop for Awake {
    #[inline(never)]
    fn drop(&mut self) {
        let Some(handle) = &self.0 else { return };
        let dev = handle.dev.lock();
        if let Some(dev) = *dev {
            // SAFETY: By the invariant of the handle, the device is valid while it is locked. A
            // reference is given up.
            unsafe { ffi::accel_power_put(dev.as_ptr()) };
        }
    }
}
