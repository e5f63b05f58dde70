// SPDX-License-Identifier: GPL-2.0

//! Until when to wait.

use kernel::{
    prelude::*,
    time::{
        msecs_to_jiffies,
        Delta,
        Jiffies,
        Msecs, //
    },
};

use crate::sys::ffi;

const NS_PER_MS: u64 = 1_000_000;

/// A time by which something has to happen, of CLOCK_MONOTONIC.
///
/// # Examples
///
/// ```
/// use accel::prelude::*;
///
/// /// Sleeps for a tenth of a second, unless the device goes.
/// fn pause<T: AccelDriver>(ctx: Context<'_, T>) -> Result<Context<'_, T>> {
///     let (ctx, _) = ctx.wait(Deadline::in_ms(100), |_| None::<()>)?;
///     Ok(ctx)
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    at_ns: u64,
}

impl Deadline {
    /// The longest time that [`Self::in_ms`] looks ahead: one day.
    pub const MAX_MS: Msecs = 24 * 60 * 60 * 1000;

    /// Returns the time in `timeout_ms` milliseconds, or in a day if that is less.
    ///
    /// For times that a process gives, use [`Self::restartable`].
    pub fn in_ms(timeout_ms: Msecs) -> Self {
        let timeout_ns = u64::from(timeout_ms.min(Self::MAX_MS)) * NS_PER_MS;
        Self::at_ns(ffi::monotonic_ns() + timeout_ns)
    }

    /// Returns the time at which CLOCK_MONOTONIC shows `at_ns` nanoseconds.
    pub const fn at_ns(at_ns: u64) -> Self {
        Self { at_ns }
    }

    /// Calls `wait` with the time that a process gives in the argument of an ioctl: `deadline_ns`,
    /// absolute; or, if that is zero, `timeout_ms` from now.
    ///
    /// An ioctl that is interrupted may be made again, by the kernel or by the process. So that
    /// this makes no wait longer, `deadline_ns` is set if `wait` returns `EINTR`, and otherwise
    /// left alone. The ioctl must not be declared
    /// [`input_only`](crate::Ioctl::input_only).
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{fence::Fence, prelude::*};
    /// # use kernel::sync::aref::ARef;
    /// # uapi_struct! {
    /// #     struct Wait {
    /// #         size: u32,
    /// #         timeout_ms: u32,
    /// #         deadline_ns: u64,
    /// #     }
    /// # }
    /// /// Waits for the fence of a job.
    /// fn wait<T: AccelDriver>(ctx: Context<'_, T>, args: &mut Wait, job: &ARef<Fence>) -> Result {
    ///     Deadline::restartable(args.timeout_ms, &mut args.deadline_ns, |deadline| {
    ///         let (_ctx, wake) = ctx.wait_fence(job, deadline)?;
    ///         wake.ready()
    ///     })?
    /// }
    /// ```
    pub fn restartable<V>(
        timeout_ms: Msecs,
        deadline_ns: &mut u64,
        wait: impl FnOnce(Self) -> Result<V>,
    ) -> Result<V> {
        let deadline = match *deadline_ns {
            0 => Self::in_ms(timeout_ms),
            at_ns => Self::at_ns(at_ns),
        };
        wait(deadline).inspect_err(|&e| {
            if e == EINTR {
                *deadline_ns = deadline.at_ns;
            }
        })
    }

    /// Returns how many jiffies are left, up to those of a day; zero if the time has come.
    pub(crate) fn left(&self) -> Jiffies {
        let left_ns = self.at_ns.saturating_sub(ffi::monotonic_ns());
        if left_ns == 0 {
            return 0;
        }
        // CAST: At most a day.
        let left = Delta::from_nanos(left_ns.min(u64::from(Self::MAX_MS) * NS_PER_MS) as i64);
        // CAST: As above. The current jiffy is partly over, so it does not count.
        msecs_to_jiffies(left.as_millis() as Msecs) + 1
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_deadline)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_leaves_nothing() {
        assert_eq!(Deadline::in_ms(0).left(), 0);
        assert_eq!(Deadline::at_ns(1).left(), 0);
    }

    #[test]
    fn what_is_to_come_leaves_a_day_at_most() {
        let day = msecs_to_jiffies(Deadline::MAX_MS) + 1;
        assert!(Deadline::in_ms(u32::MAX).left() <= day);
        assert!(Deadline::at_ns(u64::MAX).left() <= day);
        assert!(Deadline::at_ns(ffi::monotonic_ns() + 3_600_000_000_000).left() > 0);
    }

    #[test]
    fn an_interrupted_wait_keeps_its_deadline() {
        let mut at_ns = 0;
        let mut first = None;
        let interrupted = Deadline::restartable(60_000, &mut at_ns, |deadline| {
            first = Some(deadline);
            Err::<(), _>(EINTR)
        });
        assert_eq!(interrupted, Err(EINTR));
        assert_eq!(first, Some(Deadline::at_ns(at_ns)));
        // However long the time-out, it is the same when the call is made again.
        let again = Deadline::restartable(90_000, &mut at_ns, |deadline| Ok(deadline));
        assert_eq!(again.ok(), first);
    }

    #[test]
    fn only_an_interrupted_wait_keeps_it() {
        let mut at_ns = 0;
        let timed_out = Deadline::restartable(1, &mut at_ns, |_| Err::<(), _>(ETIMEDOUT));
        assert_eq!((timed_out, at_ns), (Err(ETIMEDOUT), 0));
        let done = Deadline::restartable(1, &mut at_ns, |_| Ok(5));
        assert_eq!((done, at_ns), (Ok(5), 0));
    }
}
