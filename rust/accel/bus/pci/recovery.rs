// SPDX-License-Identifier: GPL-2.0

//! What the PCI core tells of: resets of a function, errors that it recovers from, the end of the
//! system.
//!
//! All of it comes with the lock of the device held, and so with the driver bound; but for a reset,
//! the lock is given up in between, and the driver may be unbound, or be bound again.
//!
//! A reset of a function comes from whoever writes to `reset` of the device, or to
//! `reset_subordinate` of a bridge above, and from drivers that hand a device to a guest. The PCI
//! core saves the configuration space before, and restores it.
//!
//! An error comes from AER, DPC or EEH. If the bus goes on working, no more is needed than a reset
//! by the driver. Else the PCI core resets the bus; what it restores is what was saved last, see
//! [`super::enabled`].

use core::ptr::NonNull;
use kernel::{
    bindings,
    container_of,
    ffi::{
        c_int,
        c_void, //
    },
    sync::aref::ARef,
    types::Opaque, //
};

use crate::{
    device::{
        health::Fault,
        reset::quiesce::{
            Channel,
            QuiesceReason, //
        },
        Core, //
    },
    node::chardev,
    sys::ffi::Shared, //
};

static HANDLERS: Shared<bindings::pci_error_handlers> = Shared::new(bindings::pci_error_handlers {
    error_detected: Some(error_detected),
    slot_reset: Some(slot_reset),
    resume: Some(resume),
    reset_prepare: Some(reset_prepare),
    reset_done: Some(reset_done),
    ..pin_init::zeroed()
});

/// Returns what a driver has the PCI core tell it.
pub(super) fn handlers() -> *const bindings::pci_error_handlers {
    HANDLERS.get()
}

/// Returns the accelerator on a device, if there is one.
///
/// # Safety
///
/// `pdev` must be valid.
unsafe fn accelerator(pdev: *mut bindings::pci_dev) -> Option<ARef<Core>> {
    // SAFETY: The device is valid, and so is what is part of it. The function accepts any device.
    let dev = unsafe {
        let parent = &raw mut (*pdev).dev;
        bindings::device_find_child(parent, core::ptr::null(), Some(is_accelerator))
    };
    let dev = NonNull::new(dev)?;
    // SAFETY: All devices of the class are part of a `Core`, and the function above has taken a
    // reference for us.
    Some(unsafe {
        let core = container_of!(Opaque::cast_from(dev.as_ptr()), Core, dev);
        ARef::from_raw(NonNull::new_unchecked(core.cast_mut()))
    })
}

/// Returns whether a device is an accelerator.
///
/// # Safety
///
/// To be called by the driver core, for a valid device.
unsafe extern "C" fn is_accelerator(dev: *mut bindings::device, _data: *const c_void) -> c_int {
    // SAFETY: The device is valid.
    let class = unsafe { (*dev).class };
    core::ptr::eq(class, chardev::class()).into()
}

/// A reset begins.
///
/// # Safety
///
/// To be called by the PCI core, for a device of ours.
unsafe extern "C" fn reset_prepare(pdev: *mut bindings::pci_dev) {
    // SAFETY: The PCI core passes a valid device.
    if let Some(core) = unsafe { accelerator(pdev) } {
        core.quiesce_for_bus(QuiesceReason::Reset);
    }
}

/// A reset has ended; whether it has succeeded, the driver's hook finds out.
///
/// # Safety
///
/// To be called by the PCI core, for a device of ours.
unsafe extern "C" fn reset_done(pdev: *mut bindings::pci_dev) {
    // SAFETY: The PCI core passes a valid device.
    if let Some(core) = unsafe { accelerator(pdev) } {
        core.resume_for_bus();
    }
}

/// There was an error. Votes for what is to be done about it: also for a device that is of no more
/// use, so that the others on the bus are not given up because of it.
///
/// # Safety
///
/// To be called by the PCI core, for a device of ours.
unsafe extern "C" fn error_detected(
    pdev: *mut bindings::pci_dev,
    state: bindings::pci_channel_state_t,
) -> bindings::pci_ers_result_t {
    let (channel, vote) = match state {
        bindings::pci_channel_io_normal => (
            Channel::Working,
            bindings::pci_ers_result_PCI_ERS_RESULT_CAN_RECOVER,
        ),
        bindings::pci_channel_io_frozen => (
            Channel::Frozen,
            bindings::pci_ers_result_PCI_ERS_RESULT_NEED_RESET,
        ),
        _ => (
            Channel::Lost,
            bindings::pci_ers_result_PCI_ERS_RESULT_DISCONNECT,
        ),
    };
    // SAFETY: The PCI core passes a valid device.
    if let Some(core) = unsafe { accelerator(pdev) } {
        match channel {
            // There will be no other word of it.
            Channel::Lost => core.fail_for_bus(),
            _ => core.quiesce_for_bus(QuiesceReason::Error(Fault::bus(channel))),
        }
    }
    vote
}

/// The bus was reset because of an error.
///
/// # Safety
///
/// To be called by the PCI core, for a device of ours.
unsafe extern "C" fn slot_reset(pdev: *mut bindings::pci_dev) -> bindings::pci_ers_result_t {
    // SAFETY: The PCI core passes a valid device, which has a saved state since it was found.
    let is_present = unsafe {
        bindings::pci_restore_state(pdev);
        bindings::pci_device_is_present(pdev)
    };
    // SAFETY: As above.
    if let Some(core) = unsafe { accelerator(pdev) } {
        // It may have been bound since, or have been reset in between.
        if !core.is_quiesced() {
            core.quiesce_for_bus(QuiesceReason::Reset);
        }
    }
    match is_present {
        true => bindings::pci_ers_result_PCI_ERS_RESULT_RECOVERED,
        false => bindings::pci_ers_result_PCI_ERS_RESULT_DISCONNECT,
    }
}

/// An error is over.
///
/// # Safety
///
/// To be called by the PCI core, for a device of ours.
unsafe extern "C" fn resume(pdev: *mut bindings::pci_dev) {
    // SAFETY: The PCI core passes a valid device.
    if let Some(core) = unsafe { accelerator(pdev) } {
        core.resume_for_bus();
    }
}

/// The system shuts down. The accelerator on the device has done so already; what it may have under
/// way nevertheless is not to reach the memory of the next kernel.
///
/// # Safety
///
/// To be called by the PCI core, for a device of ours.
pub(super) unsafe extern "C" fn shut_down(pdev: *mut bindings::pci_dev) {
    // SAFETY: The PCI core passes a valid device.
    unsafe { bindings::pci_clear_master(pdev) };
}
