// SPDX-License-Identifier: GPL-2.0

//! Minor numbers.
//!
//! A [`Minor`] is the right to a number: dropping it gives the number back. Since a device holds
//! its own for as long as it is referenced, a number is not used again while a file of the old
//! device is open.

use kernel::{
    prelude::*,
    sync::global_lock, //
};

use super::numbers::Numbers;

/// How many minors there are: all that a `dev_t` has room for.
pub(crate) const MAX_MINORS: usize = 1 << 20;

global_lock! {
    // SAFETY: Initialised by `init()`, before any device can be created.
    unsafe(uninit) static MINORS: Mutex<Numbers> = Numbers::below(MAX_MINORS);
}

/// Prepares the minors for use.
///
/// # Safety
///
/// Must be called exactly once, before any other function of this module.
pub(crate) unsafe fn init() {
    // SAFETY: Same requirements.
    unsafe { MINORS.init() };
}

/// A minor number that nobody else has.
pub(crate) struct Minor(usize);

impl Minor {
    /// Takes the lowest free minor. Returns `ENOSPC` if all are in use, or `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(MINORS.lock().take()?))
    }

    /// Returns the number.
    pub(crate) fn number(&self) -> u32 {
        // CAST: Numbers are below `MAX_MINORS`.
        self.0 as u32
    }
}

impl Drop for Minor {
    fn drop(&mut self) {
        MINORS.lock().release(self.0);
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_minor)]
mod tests {
    use super::*;

    #[test]
    fn raii_gives_back() -> Result {
        let first = Minor::new()?;
        let number = first.number();
        let second = Minor::new()?;
        assert!(second.number() > number);
        drop(first);
        assert_eq!(Minor::new()?.number(), number);
        Ok(())
    }
}
