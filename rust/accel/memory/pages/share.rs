// SPDX-License-Identifier: GPL-2.0

//! How much of the system's memory buffers may have.
//!
//! Pages of buffers are neither swapped out nor part of what a process has, so the OOM killer does
//! not find those who fill the memory with them. All buffers together, whoever has them, may
//! therefore only have a share of it: half, as those of TTM and the files of a tmpfs, unless the
//! administrator says otherwise.

use core::ops::Deref;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use crate::{
    module_parameters,
    sys::ffi, //
};

/// How many pages of the system all buffers have.
static IN_USE: Atomic<usize> = Atomic::new(0);

/// A part of what is limited, such as pages of the system, which is counted until this is dropped.
///
/// # Invariants
///
/// `amount` is counted in `in_use`.
pub(in crate::memory) struct Share<C: Deref<Target = Atomic<usize>> = &'static Atomic<usize>> {
    in_use: C,
    amount: usize,
}

impl Share {
    /// Counts `pages` pages of the system. Returns `ENOMEM` if all buffers have more than their
    /// share then.
    pub(in crate::memory) fn new(pages: usize) -> Result<Self> {
        let percent = module_parameters::max_memory_percent.value();
        Self::within(&IN_USE, pages, limit(ffi::system_pages(), percent)).ok_or(ENOMEM)
    }
}

impl<C: Deref<Target = Atomic<usize>>> Share<C> {
    /// Counts `amount` in `in_use`, unless that is more than `limit` then.
    pub(in crate::memory) fn within(in_use: C, amount: usize, limit: usize) -> Option<Self> {
        let mut before = in_use.load(Relaxed);
        loop {
            let after = before.checked_add(amount)?;
            if after > limit {
                return None;
            }
            match in_use.cmpxchg(before, after, Relaxed) {
                // INVARIANT: It was just counted.
                Ok(_) => return Some(Self { in_use, amount }),
                Err(now) => before = now,
            }
        }
    }
}

impl<C: Deref<Target = Atomic<usize>>> Drop for Share<C> {
    fn drop(&mut self) {
        self.in_use.fetch_sub(self.amount, Relaxed);
    }
}

/// Returns how many pages `percent` of the system's are.
fn limit(system: usize, percent: u32) -> usize {
    let percent = percent.min(100) as usize;
    system / 100 * percent + system % 100 * percent / 100
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_buffer_share)]
mod tests {
    use super::*;

    #[test]
    fn percent_of_the_system() {
        assert_eq!(limit(1000, 50), 500);
        assert_eq!(limit(999, 50), 499);
        assert_eq!(limit(1000, 0), 0);
        assert_eq!(limit(1000, 100), 1000);
        assert_eq!(limit(1000, u32::MAX), 1000);
        assert_eq!(limit(usize::MAX, 100), usize::MAX);
    }

    #[test]
    fn all_together_have_no_more() -> Result {
        static IN_USE: Atomic<usize> = Atomic::new(0);

        let within = |amount| Share::within(&IN_USE, amount, 10).ok_or(ENOMEM);
        let first = within(6)?;
        assert!(within(5).is_err());
        assert!(within(usize::MAX).is_err());
        let second = within(4)?;
        assert!(within(1).is_err());
        drop(first);
        assert_eq!(IN_USE.load(Relaxed), 4);
        drop(within(6)?);
        drop(second);
        assert_eq!(IN_USE.load(Relaxed), 0);
        Ok(())
    }
}
