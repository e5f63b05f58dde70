// SPDX-License-Identifier: GPL-2.0

//! What was known of a device when something went wrong, kept for those who look into it later.
//!
//! A driver hands it over with [`Device::coredump`]; it is then a file in
//! `/sys/class/devcoredump` until root deletes it, or five minutes have passed, and has no more to
//! do with the device or the driver, both of which may go. The kernel keeps one for each device on
//! a bus.
//!
//! [`Device::coredump`]: crate::Device::coredump

use kernel::prelude::*;

use crate::{
    device::Core,
    sys::ffi, //
};

/// The largest dump that is taken, in bytes, unless the driver says otherwise: see
/// [`AccelDriver::MAX_DUMP`](crate::AccelDriver::MAX_DUMP).
pub const MAX_BYTES: usize = 16 << 20;

/// How many bytes a driver may say that its dumps have.
pub(crate) const LIMIT: usize = 1 << 30;

/// How much time has to pass before the next dump of a device is taken, in milliseconds.
pub const INTERVAL_MS: u64 = 10_000;

/// Hands a dump over. See [`Device::coredump`](crate::Device::coredump).
pub(crate) fn hand_over(core: &Core, data: VVec<u8>) -> Result {
    if !cfg!(CONFIG_DEV_COREDUMP) {
        return Err(EOPNOTSUPP);
    }
    if data.is_empty() {
        return Err(EINVAL);
    }
    let call = core.enter()?;
    if data.len() > call.ops().max_dump {
        return Err(EFBIG);
    }
    core.health.coredumps.admit(ffi::monotonic_ns())?;
    ffi::dev_coredump(call.parent(), data);
    Ok(())
}
