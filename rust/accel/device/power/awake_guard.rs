// SPDX-License-Identifier: GPL-2.0

//! References that keep a device awake, for a call.

use crate::{
    base::awake::Awake,
    device::Core,
    sys::ffi, //
};

/// Keeps a device awake, for a call.
#[must_use = "the device may go to sleep when this is dropped"]
pub(crate) struct AwakeGuard<'a>(Option<&'a Core>);

impl<'a> AwakeGuard<'a> {
    /// Takes over a reference to a device, if its power is managed.
    pub(super) fn new(core: Option<&'a Core>) -> Self {
        Self(core)
    }
}

impl From<AwakeGuard<'_>> for Awake {
    /// Turns it into one that is not tied to the device.
    fn from(guard: AwakeGuard<'_>) -> Self {
        let managed = guard.0.and_then(|core| core.power.as_ref());
        let handle = managed.map(|managed| managed.handle.clone());
        // The reference has a new owner.
        core::mem::forget(guard);
        Self::new(handle)
    }
}

impl Drop for AwakeGuard<'_> {
    fn drop(&mut self) {
        if let Some(core) = self.0 {
            // SAFETY: The device is valid, and a reference is given up.
            unsafe { ffi::accel_power_put(core.dev.get()) };
        }
    }
}

impl Core {
    /// Keeps the device awake, if it is. Does not sleep.
    #[inline]
    pub(crate) fn hold_awake(&self) -> Option<AwakeGuard<'_>> {
        match self.power {
            Some(_) => self.hold_managed(),
            None => Some(AwakeGuard(None)),
        }
    }

    #[inline(never)]
    fn hold_managed(&self) -> Option<AwakeGuard<'_>> {
        let is_awake = ffi::accel_power_get_if_active(self.as_device());
        // Not sooner: to drop one gives up a reference.
        is_awake.then(|| AwakeGuard(Some(self)))
    }
}
