// SPDX-License-Identifier: GPL-2.0

//! What a driver has a PCI device do: answer, and master the bus.
//!
//! Drivers enable it with functions of the kernel crate, which take no note of it and have no
//! counterparts. So the framework remembers what there was before, and goes back to that.

use kernel::{
    bindings,
    device::Core,
    devres,
    ffi::c_int,
    pci,
    prelude::*,
    sync::aref::ARef, //
};

use crate::bus::parent::ParentPower;

/// A PCI device as it is found. When this is dropped, it is so again.
pub(super) struct Enabled {
    pdev: ARef<pci::Device>,
    /// How often it counts as enabled.
    count: c_int,
    // Awake until the rest is done.
    _power: ParentPower,
}

impl Enabled {
    /// Has what is enabled from now on be given back when the device is unbound, or is not bound
    /// after all. That comes last, when the driver has quiesced the device, and with it awake.
    pub(super) fn restore_when_unbound(pdev: &pci::Device<Core<'_>>) -> Result {
        let this = Self {
            pdev: pdev.into(),
            count: count(as_raw(pdev)),
            _power: ParentPower::new(pdev.as_ref()),
        };
        devres::register(pdev.as_ref(), this, GFP_KERNEL)
    }
}

impl Drop for Enabled {
    fn drop(&mut self) {
        let pdev = as_raw(&self.pdev);
        // SAFETY: The reference to the device is a valid pointer to it. Each call takes one back of
        // those that were made after `count` was taken, in the lock of the device.
        unsafe {
            bindings::pci_clear_master(pdev);
            for _ in self.count..count(pdev) {
                bindings::pci_disable_device(pdev);
            }
        }
    }
}

/// Saves the configuration space of a device that is bound, with what its driver has enabled: when
/// the bus has found an error and was reset, that is what is restored.
pub(super) fn save(pdev: &pci::Device<Core<'_>>) {
    // SAFETY: A reference to a device is a valid pointer to it. That there was no memory for all of
    // it shows when it is restored.
    unsafe { bindings::pci_save_state(as_raw(pdev)) };
}

pub(super) fn as_raw<C: kernel::device::DeviceContext>(
    pdev: &pci::Device<C>,
) -> *mut bindings::pci_dev {
    // CAST: `pci::Device` is a transparent wrapper of `Opaque<struct pci_dev>`.
    core::ptr::from_ref(pdev).cast_mut().cast()
}

/// Returns how often a device counts as enabled.
fn count(pdev: *mut bindings::pci_dev) -> c_int {
    // SAFETY: Callers pass a valid device. While it is bound, or about to be, only its driver
    // changes the count, in the lock of the device, which is held now.
    unsafe { (&raw const (*pdev).enable_cnt.counter).read_volatile() }
}
