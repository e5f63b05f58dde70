// SPDX-License-Identifier: GPL-2.0

//! What was known of a device when something went wrong, kept for those who look into it later.
//!
//! A driver hands it over with [`Device::coredump`]; it is then a file in
//! `/sys/class/devcoredump` until root deletes it, or five minutes have passed, and has no more to
//! do with the device or the driver, both of which may go. The kernel keeps one for each device on
//! a bus.
//!
//! [`Device::coredump`]: crate::Device::coredump

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use crate::{
    device::Core,
    ffi, //
};

/// The largest dump that is taken, in bytes.
pub const MAX_BYTES: usize = 16 << 20;

/// How much time has to pass before the next dump of a device is taken, in milliseconds.
pub const INTERVAL_MS: u64 = 10_000;

/// When the last dump was taken.
pub(crate) struct RateLimit(
    // In nanoseconds of CLOCK_MONOTONIC; zero if there was none.
    Atomic<u64>,
);

impl RateLimit {
    pub(crate) fn new() -> Self {
        Self(Atomic::new(0))
    }

    /// Admits one dump at the time `now_ns`, or returns `EBUSY` because it is too early.
    fn admit(&self, now_ns: u64) -> Result {
        let last_ns = self.0.load(Relaxed);
        if last_ns != 0 && now_ns.saturating_sub(last_ns) < INTERVAL_MS * 1_000_000 {
            return Err(EBUSY);
        }
        // If it fails, somebody else's was taken just now.
        self.0
            .cmpxchg(last_ns, now_ns, Relaxed)
            .map_err(|_| EBUSY)?;
        Ok(())
    }
}

/// Hands a dump over. See [`Device::coredump`](crate::Device::coredump).
pub(crate) fn hand_over(core: &Core, data: VVec<u8>) -> Result {
    if !cfg!(CONFIG_DEV_COREDUMP) {
        return Err(EOPNOTSUPP);
    }
    if data.is_empty() {
        return Err(EINVAL);
    }
    if data.len() > MAX_BYTES {
        return Err(EFBIG);
    }

    // The parent is there inside the gate.
    let _guard = core.gate.enter().ok_or(ENODEV)?;
    core.coredumps.admit(ffi::monotonic_ns())?;
    ffi::dev_coredump(core.parent(), data);
    Ok(())
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_coredump)]
mod tests {
    use super::*;

    #[test]
    fn one_in_an_interval() {
        const INTERVAL_NS: u64 = INTERVAL_MS * 1_000_000;
        let limit = RateLimit::new();

        assert_eq!(limit.admit(1), Ok(()));
        assert_eq!(limit.admit(1), Err(EBUSY));
        assert_eq!(limit.admit(INTERVAL_NS), Err(EBUSY));
        assert_eq!(limit.admit(INTERVAL_NS + 1), Ok(()));
        assert_eq!(limit.admit(INTERVAL_NS + 2), Err(EBUSY));
        // Another processor had looked at the clock before.
        assert_eq!(limit.admit(INTERVAL_NS), Err(EBUSY));
        assert_eq!(limit.admit(u64::MAX), Ok(()));
    }
}
