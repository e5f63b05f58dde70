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
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        }, //
    }, //
};

use crate::{
    driver::AccelDriver,
    sys::ffi, //
};

/// Keeps a parent awake, for a binding.
///
/// # Invariants
///
/// Has a reference of the runtime power management to the parent, unless a [`ParentSleep`] has
/// borrowed it.
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

/// Lets a parent sleep whenever the accelerator on it does, if that ever does and the administrator
/// permits it; until [`Self::end`] is called or this is dropped.
///
/// # Invariants
///
/// `lent` references of the runtime power management to the parent, which others take for theirs,
/// are given up.
pub(super) struct ParentSleep {
    parent: ARef<Device>,
    lent: Atomic<u32>,
}

impl ParentSleep {
    /// Lets `parent` sleep if `T` manages power. `references` is how many it has that would keep it
    /// awake: that of a [`ParentPower`], and those of the bus.
    pub(super) fn begin<T: AccelDriver>(parent: &Device<Bound>, references: u32) -> Self {
        match const { T::FEATURES.is_power_managed() } {
            true => Self::new(parent, references),
            false => Self::new(parent, 0),
        }
    }

    // The C functions are for the framework's own module, so these two must not become part of a
    // driver's.

    #[inline(never)]
    fn new(parent: &Device<Bound>, references: u32) -> Self {
        for _ in 0..references {
            // SAFETY: A reference to a device is a valid pointer to it. The caller has so many
            // references for this.
            unsafe { ffi::accel_power_put_parent(ffi::device_as_raw(parent)) };
        }
        // INVARIANT: They were just given up.
        Self {
            parent: parent.into(),
            lent: Atomic::new(references),
        }
    }

    /// Wakes the parent, and keeps it awake from now on. Has no effect when called again.
    #[inline(never)]
    pub(super) fn end(&self) {
        // INVARIANT: Whoever takes the number takes as many references.
        for _ in 0..self.lent.xchg(0, Relaxed) {
            ffi::accel_power_get_parent(&self.parent);
        }
    }
}

impl Drop for ParentSleep {
    fn drop(&mut self) {
        self.end();
    }
}
