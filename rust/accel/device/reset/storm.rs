// SPDX-License-Identifier: GPL-2.0

//! How often a device may be reset, before that is taken to be of no use.

/// The largest number of resets that a [`Limit`] can have.
const MAX_RESETS: u32 = 16;

const NS_PER_SEC: u64 = 1_000_000_000;

/// So many resets in so many seconds.
///
/// # Examples
///
/// ```
/// use accel::ResetLimit;
///
/// const TWICE_AN_HOUR: ResetLimit = ResetLimit::new(2, 3600);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub(crate) resets: u32,
    seconds: u32,
}

impl Limit {
    /// Allows for 1 to 16 resets in `seconds`. Others do not compile, in a constant.
    pub const fn new(resets: u32, seconds: u32) -> Self {
        assert!(
            resets >= 1 && resets <= MAX_RESETS && seconds >= 1,
            "a limit is 1 to 16 resets in at least a second"
        );
        Self { resets, seconds }
    }
}

/// The last resets of a device.
pub(crate) struct ResetHistory {
    /// When they were; CLOCK_MONOTONIC, nanoseconds. Each takes the place of the oldest.
    times: [u64; MAX_RESETS as usize],
    /// How many there were.
    count: u64,
}

impl ResetHistory {
    pub(crate) const fn new() -> Self {
        Self {
            times: [0; MAX_RESETS as usize],
            count: 0,
        }
    }

    /// Takes note of a reset, if there may be another one now.
    pub(crate) fn admit(&mut self, now_ns: u64, limit: Limit) -> bool {
        // Of as many as are allowed, the first must be long ago.
        if let Some(first) = self.count.checked_sub(limit.resets.into()) {
            let age_ns = now_ns.saturating_sub(self.times[Self::place(first)]);
            if age_ns < u64::from(limit.seconds) * NS_PER_SEC {
                return false;
            }
        }
        self.times[Self::place(self.count)] = now_ns;
        self.count += 1;
        true
    }

    fn place(number: u64) -> usize {
        // CAST: Less than `MAX_RESETS`.
        (number % u64::from(MAX_RESETS)) as usize
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kernel::prelude::kunit_tests(accel_reset_storm)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_allowed() {
        let mut history = ResetHistory::new();
        let limit = Limit::new(3, 10);
        for (seconds, admitted) in [
            (1, true),
            (2, true),
            (3, true),
            (4, false),
            (10, false),
            (11, true),
            (11, false),
            (12, true),
            (13, true),
            (20, false),
            (30, true),
        ] {
            assert_eq!(history.admit(seconds * NS_PER_SEC, limit), admitted);
        }
    }

    #[test]
    fn slow_resets_go_on_for_ever() {
        let mut history = ResetHistory::new();
        let limit = Limit::new(MAX_RESETS, 16);
        for round in 0..10 * u64::from(MAX_RESETS) {
            assert!(history.admit(round * NS_PER_SEC, limit));
        }
        assert!(!history.admit(10 * u64::from(MAX_RESETS) * NS_PER_SEC - 1, limit));
    }

    #[test]
    fn one_is_the_least() {
        let mut history = ResetHistory::new();
        let limit = Limit::new(1, 1);
        assert!(history.admit(0, limit));
        assert!(!history.admit(NS_PER_SEC - 1, limit));
        assert!(history.admit(NS_PER_SEC, limit));
    }
}
