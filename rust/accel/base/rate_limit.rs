// SPDX-License-Identifier: GPL-2.0

//! What must not happen too often.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// Admits something once in an interval.
pub(crate) struct RateLimit {
    interval_ns: u64,
    /// When it was the last time, of CLOCK_MONOTONIC; zero if it never was.
    last_ns: Atomic<u64>,
}

impl RateLimit {
    /// So many milliseconds have to pass before the next time.
    pub(crate) const fn new(interval_ms: u64) -> Self {
        Self {
            interval_ns: interval_ms * 1_000_000,
            last_ns: Atomic::new(0),
        }
    }

    /// Admits it at the time `now_ns`, or returns `EBUSY` because it is too early. May be called in
    /// any context.
    pub(crate) fn admit(&self, now_ns: u64) -> Result {
        let last_ns = self.last_ns.load(Relaxed);
        if last_ns != 0 && now_ns.saturating_sub(last_ns) < self.interval_ns {
            return Err(EBUSY);
        }
        // If it fails, somebody else was admitted just now.
        self.last_ns
            .cmpxchg(last_ns, now_ns, Relaxed)
            .map_err(|_| EBUSY)?;
        Ok(())
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_rate_limit)]
mod tests {
    use super::*;

    #[test]
    fn one_in_an_interval() {
        const INTERVAL_NS: u64 = 10_000 * 1_000_000;
        let limit = RateLimit::new(10_000);

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
