// SPDX-License-Identifier: GPL-2.0

//! Power of the device on the bus, which is the parent of the accelerator.
//!
//! It is awake whenever the accelerator is, since the runtime power management wakes parents first,
//! but only those that it knows of. The PCI core tells it of all devices; others leave that to
//! their drivers.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    devres,
    prelude::*,
    sync::aref::ARef, //
};

use crate::{
    driver::AccelDriver,
    sys::ffi, //
};

/// Keeps a parent awake, for a binding.
///
/// # Invariants
///
/// Has a reference of the runtime power management to the parent, unless [`let_sleep`] has borrowed
/// it.
pub(crate) struct ParentPower {
    parent: ARef<Device>,
    /// The power management knows of it because of this.
    is_new: bool,
}

impl ParentPower {
    /// Keeps `parent` awake, which must be so now.
    pub(crate) fn new(parent: &Device<Bound>) -> Self {
        // SAFETY: A reference to a device is a valid pointer to it.
        // INVARIANT: The function takes a reference.
        let is_new = unsafe { ffi::accel_power_start_parent(ffi::device_as_raw(parent)) };
        Self {
            parent: parent.into(),
            is_new,
        }
    }

    /// Keeps `parent` awake until all else that belongs to the binding is gone.
    pub(crate) fn keep_until_unbound(parent: &Device<Bound>) -> Result {
        devres::register(parent, Self::new(parent), GFP_KERNEL)
    }
}

impl Drop for ParentPower {
    fn drop(&mut self) {
        // SAFETY: The reference to the device is a valid pointer to it. That of the power
        // management is given up, by the type invariants.
        unsafe { ffi::accel_power_stop_parent(ffi::device_as_raw(&self.parent), self.is_new) };
    }
}

/// Lets a parent sleep whenever the accelerator of `T` on it does, if it ever does and the
/// administrator permits it, until [`keep_awake`] is called. To be called when nothing more can
/// fail in `probe`, while there is a [`ParentPower`].
pub(super) fn let_sleep<T: AccelDriver>(parent: &Device<Bound>) {
    if const { T::POWER.is_managed() } {
        put(parent);
    }
}

/// Takes back what [`let_sleep`] has given up, and wakes the parent. To be called when it is
/// unbound.
pub(super) fn keep_awake<T: AccelDriver>(parent: &Device<Bound>) {
    if const { T::POWER.is_managed() } {
        get(parent);
    }
}

// The C functions are for the framework's own module, so these two must not become part of a
// driver's.

/// Gives up the reference of a [`ParentPower`].
#[inline(never)]
fn put(parent: &Device<Bound>) {
    // SAFETY: A reference to a device is a valid pointer to it. The reference that is given up is
    // that of the `ParentPower`.
    unsafe { ffi::accel_power_put_parent(ffi::device_as_raw(parent)) };
}

/// Takes back what [`put`] has given up.
#[inline(never)]
fn get(parent: &Device<Bound>) {
    ffi::accel_power_get_parent(parent);
}
