// SPDX-License-Identifier: GPL-2.0

//! How long engines have worked, which can be asked while they do.

use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Full,
    Relaxed, //
};

/// How long the engines of a kind have worked.
pub(crate) struct EngineTime {
    /// Of work that has ended, in nanoseconds.
    ended_ns: Atomic<u64>,
    /// The work that goes on: see [`Running`].
    running: Atomic<u64>,
    /// The most that somebody was shown.
    shown_ns: Atomic<u64>,
}

impl EngineTime {
    pub(super) const fn new() -> Self {
        Self {
            ended_ns: Atomic::new(0),
            running: Atomic::new(0),
            shown_ns: Atomic::new(0),
        }
    }

    /// Counts work from the time at which it has begun.
    #[inline]
    pub(crate) fn begin(&self, begin_ns: u64) {
        self.running.add(Running::one(begin_ns), Relaxed);
    }

    /// Takes out what [`Self::begin`] has put in. Until [`Self::end`], what counts is too little,
    /// so what was shown before is shown.
    #[inline]
    pub(crate) fn pause(&self, begin_ns: u64) {
        // Ordered before the clock is read for `end`, so that nobody is shown more than that.
        let _ = self.running.fetch_sub(Running::one(begin_ns), Full);
    }

    /// Counts what the work has taken.
    #[inline]
    pub(crate) fn end(&self, busy_ns: u64) {
        self.ended_ns.add(busy_ns, Relaxed);
    }

    /// Returns the time until now, in nanoseconds. It never goes back.
    pub(super) fn busy_ns(&self, now_ns: impl FnOnce() -> u64) -> u64 {
        // In this order, work that ends meanwhile is neither counted twice, nor beyond its end.
        let ended_ns = self.ended_ns.load(Acquire);
        let now_ns = now_ns();
        let running = Running(self.running.load(Acquire));
        let busy_ns = ended_ns + running.ns_until(now_ns);

        let mut shown_ns = self.shown_ns.load(Relaxed);
        while shown_ns < busy_ns {
            match self.shown_ns.cmpxchg(shown_ns, busy_ns, Relaxed) {
                Ok(_) => return busy_ns,
                Err(other_ns) => shown_ns = other_ns,
            }
        }
        shown_ns
    }
}

/// Work that goes on, in one word, so that all of it changes at once.
///
/// The lowest 16 bits say how many pieces there are, and the others are the sum of the times at
/// which they have begun, in units of 1024 ns: from both follows for how long they have gone on.
/// The sum may overflow as long as that, added up, is less than four years. With more than 65535
/// pieces at a time, what is shown of those that go on is wrong.
struct Running(u64);

impl Running {
    const COUNT_BITS: u32 = 16;
    const UNIT_BITS: u32 = 10;

    /// A piece that has begun at a time, rounded up.
    #[inline]
    const fn one(begin_ns: u64) -> u64 {
        let unit = begin_ns.wrapping_add((1 << Self::UNIT_BITS) - 1) >> Self::UNIT_BITS;
        (unit << Self::COUNT_BITS) + 1
    }

    /// Returns how long all pieces have gone on, in nanoseconds, but not more.
    fn ns_until(&self, now_ns: u64) -> u64 {
        let count = self.0 & ((1 << Self::COUNT_BITS) - 1);
        let until = (now_ns >> Self::UNIT_BITS).wrapping_mul(count) << Self::COUNT_BITS;
        // CAST: The sum of the differences, which are negative for what has just begun.
        let units = until.wrapping_sub(self.0 - count) as i64 >> Self::COUNT_BITS;
        units.max(0).unsigned_abs() << Self::UNIT_BITS
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kernel::prelude::kunit_tests(accel_engine_time)]
mod tests {
    use super::*;

    const DAY_NS: u64 = 86_400 * 1_000_000_000;

    #[test]
    fn time_passes_while_work_goes_on() {
        let time = EngineTime::new();
        assert_eq!(time.busy_ns(|| DAY_NS), 0);
        time.begin(DAY_NS);
        assert_eq!(time.busy_ns(|| DAY_NS), 0);
        assert_eq!(time.busy_ns(|| DAY_NS + (5 << 10)), 5 << 10);
        time.begin(DAY_NS + (5 << 10));
        assert_eq!(time.busy_ns(|| DAY_NS + (8 << 10)), 11 << 10);
    }

    #[test]
    fn what_has_ended_is_exact() {
        let time = EngineTime::new();
        for begin_ns in [DAY_NS, DAY_NS + 1, DAY_NS + 1023] {
            time.begin(begin_ns);
        }
        for (begin_ns, busy_ns) in [(DAY_NS, 1), (DAY_NS + 1023, 10), (DAY_NS + 1, 100)] {
            time.pause(begin_ns);
            time.end(busy_ns);
        }
        assert_eq!(time.busy_ns(|| 2 * DAY_NS), 111);
        assert_eq!(time.running.load(Relaxed), 0);
    }

    #[test]
    fn never_more_than_will_be_in_the_end() {
        for begin_ns in DAY_NS..DAY_NS + 1025 {
            let time = EngineTime::new();
            time.begin(begin_ns);
            for busy_ns in [0, 1, 1023, 1024, 5000] {
                assert!(time.busy_ns(|| begin_ns + busy_ns) <= busy_ns);
            }
            assert!(time.busy_ns(|| begin_ns + DAY_NS) > DAY_NS - 2048);
        }
    }

    #[test]
    fn never_beyond_an_end_meanwhile() {
        let time = EngineTime::new();
        time.begin(DAY_NS);
        let busy_ns = time.busy_ns(|| {
            time.pause(DAY_NS);
            time.end(5000);
            2 * DAY_NS
        });
        assert!(busy_ns <= 5000);
        assert_eq!(time.busy_ns(|| 2 * DAY_NS), 5000);
    }

    #[test]
    fn never_less_than_before() {
        let time = EngineTime::new();
        time.begin(DAY_NS);
        assert_eq!(time.busy_ns(|| DAY_NS + 4096), 4096);
        time.pause(DAY_NS);
        assert_eq!(time.busy_ns(|| DAY_NS + 8192), 4096);
        time.end(8192);
        assert_eq!(time.busy_ns(|| DAY_NS + 9000), 8192);
    }

    #[test]
    fn much_at_once_and_for_long() {
        let time = EngineTime::new();
        for _ in 0..1000 {
            time.begin(5000 * DAY_NS);
        }
        // 1000 days, less what is lost by rounding.
        assert!(time.busy_ns(|| 5001 * DAY_NS).abs_diff(1000 * DAY_NS) < 2_048_000);
        for _ in 0..1000 {
            time.pause(5000 * DAY_NS);
        }
        assert_eq!(time.running.load(Relaxed), 0);
    }
}
