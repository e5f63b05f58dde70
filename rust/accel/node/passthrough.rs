// SPDX-License-Identifier: GPL-2.0

//! Rights that an ioctl needs beyond the role, and the policy for opaque payloads.
//!
//! An ioctl that hands data to the firmware of a device which the kernel cannot look into makes the
//! device do what nobody but its vendor knows. A driver may have one if it says so, in its table.
//! The owner of the machine then knows, and decides: it takes `CAP_SYS_RAWIO`; it is refused while
//! the kernel is locked down; it can be switched off, by the parameter `passthrough` of this
//! module; it taints the kernel when it is first used; and how often it is, can be read in sysfs.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        AtomicFlag,
        Relaxed, //
    },
};

use crate::{
    base::rate_limit::RateLimit,
    device::{
        ops::ioctl::Entry,
        Core,
        Passthroughs, //
    },
    module_parameters,
    sys::{
        ffi,
        uapi::flags::IoctlFlag, //
    }, //
};

static TAINTED: AtomicFlag = AtomicFlag::new(false);

/// How much time there is between two refusals in the kernel's log at least, in milliseconds.
const REFUSALS_MS: u64 = 5_000;

impl Passthroughs {
    pub(super) const fn new() -> Self {
        Self {
            calls: Atomic::new(0),
            refusals: RateLimit::new(REFUSALS_MS),
        }
    }
}

/// Checks whether the current process may call an ioctl. If not, returns `EPERM`.
#[inline]
pub(crate) fn check_rights(core: &Core, entry: &Entry) -> Result {
    let Some(capability) = entry.capability else {
        return Ok(());
    };
    if entry.shape.flags.contains(IoctlFlag::Passthrough) {
        return check_passthrough(core, entry, capability);
    }
    if !ffi::is_capable(capability) {
        return Err(EPERM);
    }
    Ok(())
}

/// Checks whether the current process may use a passthrough, and takes note of it in either case.
#[cold]
fn check_passthrough(core: &Core, entry: &Entry, capability: u32) -> Result {
    let reason = if !ffi::is_capable(capability) {
        "the process lacks a capability"
    } else if !module_parameters::passthrough.value() {
        "passthroughs are switched off"
    } else if ffi::check_lockdown().is_err() {
        "the kernel is locked down"
    } else {
        admit(core, entry);
        return Ok(());
    };
    let refusals = &core.node.passthroughs.refusals;
    if refusals.admit(ffi::monotonic_ns()).is_ok() {
        dev_warn!(core.as_device(), "{} refused: {reason}\n", entry.name);
    }
    Err(EPERM)
}

/// Takes note of a passthrough that is admitted.
fn admit(core: &Core, entry: &Entry) {
    core.node.passthroughs.calls.fetch_add(1, Relaxed);
    if !TAINTED.xchg(true, Relaxed) {
        dev_warn!(
            core.as_device(),
            "{} passes opaque data to the device; tainting the kernel\n",
            entry.name
        );
        ffi::taint_user();
    }
}
