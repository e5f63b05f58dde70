// SPDX-License-Identifier: GPL-2.0

//! How much of the system's memory buffers may have.
//!
//! Pages of buffers are neither swapped out nor part of what a process has, so the OOM killer does
//! not find those who fill the memory with them. All buffers together, whoever has them, may
//! therefore only have a share of it: half, as those of TTM and the files of a tmpfs, unless the
//! administrator says otherwise.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use crate::{
    ffi,
    module_parameters, //
};

/// How many pages of the system all buffers have.
static IN_USE: Atomic<usize> = Atomic::new(0);

/// Pages that are counted in.
///
/// # Invariants
///
/// `pages` pages are counted in `in_use`.
pub(super) struct Share {
    in_use: &'static Atomic<usize>,
    pages: usize,
}

impl Share {
    /// Counts `pages` pages of the system. Returns `ENOMEM` if all buffers have more than their
    /// share then.
    pub(super) fn new(pages: usize) -> Result<Self> {
        let percent = module_parameters::max_memory_percent.value();
        Self::within(&IN_USE, pages, limit(ffi::system_pages(), percent))
    }

    fn within(in_use: &'static Atomic<usize>, pages: usize, limit: usize) -> Result<Self> {
        let mut before = in_use.load(Relaxed);
        loop {
            let after = before.checked_add(pages).ok_or(ENOMEM)?;
            if after > limit {
                return Err(ENOMEM);
            }
            match in_use.cmpxchg(before, after, Relaxed) {
                // INVARIANT: They were just counted.
                Ok(_) => return Ok(Self { in_use, pages }),
                Err(now) => before = now,
            }
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.in_use.fetch_sub(self.pages, Relaxed);
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

        let first = Share::within(&IN_USE, 6, 10)?;
        assert_eq!(Share::within(&IN_USE, 5, 10).err(), Some(ENOMEM));
        assert_eq!(Share::within(&IN_USE, usize::MAX, 10).err(), Some(ENOMEM));
        let second = Share::within(&IN_USE, 4, 10)?;
        assert_eq!(Share::within(&IN_USE, 1, 10).err(), Some(ENOMEM));
        drop(first);
        assert_eq!(IN_USE.load(Relaxed), 4);
        drop(Share::within(&IN_USE, 6, 10)?);
        drop(second);
        assert_eq!(IN_USE.load(Relaxed), 0);
        Ok(())
    }
}
