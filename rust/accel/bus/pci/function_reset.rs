// SPDX-License-Identifier: GPL-2.0

//! Resets of a PCI function that a user asks for, by way of the driver.
//!
//! The PCI core makes them as it does for those who write to `reset` of the device: it tells the
//! accelerator before and afterwards, see [`super::recovery`], and saves and restores the
//! configuration space. For that, the caller has the lock of the device, and is outside of the
//! gate.
//!
//! Whoever unbinds the device has that lock as well, and may wait for the caller. So the caller
//! does not wait for the lock, but tries again and again, until the device goes.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    pci,
    prelude::*,
    sync::aref::ARef,
    time::msecs_to_jiffies, //
};

use super::{
    enabled::as_raw,
    Driver, //
};
use crate::{
    base::wait::Signals,
    device::Core,
    driver::{
        context::Context,
        reset::ResetOps, //
    },
};

/// How long to sleep before a lock that is taken is tried again.
const PAUSE_MS: u32 = 10;

/// Has the PCI core reset the function, and then the driver the device, as [`ResetOps::reset`]
/// says; returns when that is done. As [`Context::reset`], but for what is left of the function
/// itself.
///
/// The PCI core knows several ways to reset a function, such as a function-level reset, or one of
/// the bus that the function is alone on. The administrator chooses among them by `reset_method` of
/// the device in sysfs. The configuration space is restored.
///
/// Returns `ENOTTY` if there is no such way, `EINTR` if a signal arrives before the reset begins,
/// `EIO` if the device is wedged, as it is if the driver's hook fails, and `ENODEV` if it goes.
///
/// # Examples
///
/// ```
/// # use accel::{pci, prelude::*, ResetOps};
/// # uapi_struct! { struct Reset { size: u32, reserved: u32, } }
/// fn reset<T: pci::Driver + ResetOps>(ctx: Context<'_, T>, args: &mut Reset) -> Result {
///     if args.reserved != 0 {
///         return Err(EINVAL);
///     }
///     pci::reset_function(ctx)?;
///     Ok(())
/// }
/// ```
pub fn reset_function<T: Driver + ResetOps>(ctx: Context<'_, T>) -> Result<Context<'_, T>> {
    // The driver may be one of another bus, too.
    let pdev: &pci::Device<kernel::device::Bound> = ctx.call().parent().try_into()?;
    let pdev: ARef<pci::Device> = pdev.into();
    ctx.reset_by(|core| reset(core, &pdev))
}

/// Has the PCI core reset `pdev`, of which `core` is the accelerator, or was.
#[inline(never)]
fn reset(core: &Core, pdev: &pci::Device) -> Result {
    core.gate.might_drain();
    // The bus is to find it awake.
    let _awake = core.wake_up()?;
    core.wait.with_waiter(|waiter| loop {
        let locks = FunctionLocks::try_new(pdev);
        if core.gate.is_closed() {
            return Err(ENODEV);
        }
        if let Some(locks) = locks {
            // With the lock of the device, which is bound to this driver.
            return locks.reset();
        }
        if Signals::All.pending() {
            return Err(EINTR);
        }
        waiter.sleep(Signals::All, msecs_to_jiffies(PAUSE_MS));
    })
}

/// The locks of a function and of the bridge above it, until this is dropped.
///
/// # Invariants
///
/// The locks of both are held by this task.
struct FunctionLocks<'a> {
    pdev: &'a pci::Device,
    /// There is none above a root bus.
    bridge: Option<NonNull<bindings::pci_dev>>,
}

impl<'a> FunctionLocks<'a> {
    /// Takes the locks, unless somebody else has them.
    fn try_new(pdev: &'a pci::Device) -> Option<Self> {
        // SAFETY: A reference to a device is a valid pointer to it. A device has a reference to its
        // bus, and that to the bridge above it.
        let bridge = NonNull::new(unsafe { (*(*as_raw(pdev)).bus).self_ });
        if let Some(bridge) = bridge {
            // SAFETY: It is valid, as above.
            if unsafe { bindings::pci_dev_trylock(bridge.as_ptr()) } == 0 {
                return None;
            }
        }
        // SAFETY: As above.
        if unsafe { bindings::pci_dev_trylock(as_raw(pdev)) } == 0 {
            if let Some(bridge) = bridge {
                // SAFETY: The lock was just taken.
                unsafe { bindings::pci_dev_unlock(bridge.as_ptr()) };
            }
            return None;
        }
        // INVARIANT: They were just taken.
        Some(Self { pdev, bridge })
    }

    fn reset(&self) -> Result {
        // SAFETY: The device is valid, and by the type invariants it is locked.
        to_result(unsafe { bindings::pci_reset_function_locked(as_raw(self.pdev)) })
    }
}

impl Drop for FunctionLocks<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the locks are held.
        unsafe {
            bindings::pci_dev_unlock(as_raw(self.pdev));
            if let Some(bridge) = self.bridge {
                bindings::pci_dev_unlock(bridge.as_ptr());
            }
        }
    }
}
