// SPDX-License-Identifier: GPL-2.0

//! Minor numbers.
//!
//! A [`Minor`] is the right to a number: dropping it gives the number back. Since a device holds
//! its own for as long as it is referenced, a number is not used again while a file of the old
//! device is open.

use kernel::{
    id_pool::IdPool,
    prelude::*,
    sync::global_lock, //
};

/// How many minors there are: all that a `dev_t` has room for.
pub(crate) const MAX_MINORS: usize = 1 << 20;

global_lock! {
    // SAFETY: Initialised by `init()`, before any device can be created.
    unsafe(uninit) static MINORS: Mutex<Pool> = Pool::EMPTY;
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

/// Numbers below a limit, handed out lowest first.
struct Pool {
    // `None` until the first number is wanted, because an empty pool cannot be made in a constant.
    ids: Option<IdPool>,
    // All numbers below this are taken.
    lowest: usize,
    limit: usize,
}

impl Pool {
    const EMPTY: Self = Self {
        ids: None,
        lowest: 0,
        limit: MAX_MINORS,
    };

    /// Takes the lowest free number, or returns `ENOSPC` if there is none.
    fn take(&mut self) -> Result<usize> {
        let ids = self.ids.get_or_insert_with(IdPool::new);

        if self.lowest == ids.capacity() || ids.find_unused_id(self.lowest).is_none() {
            let bigger = ids.grow_request().ok_or(ENOSPC)?.realloc(GFP_KERNEL)?;
            ids.grow(bigger);
        }

        let id = ids.find_unused_id(self.lowest).ok_or(ENOSPC)?;
        if id.as_usize() >= self.limit {
            return Err(ENOSPC);
        }
        let id = id.acquire();
        self.lowest = id + 1;
        Ok(id)
    }

    fn give_back(&mut self, id: usize) {
        if let Some(ids) = &mut self.ids {
            ids.release_id(id);
            self.lowest = self.lowest.min(id);
        }
    }
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
        MINORS.lock().give_back(self.0);
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_minor)]
mod tests {
    use super::*;

    fn pool(limit: usize) -> Pool {
        Pool {
            limit,
            ..Pool::EMPTY
        }
    }

    #[test]
    fn lowest_first() -> Result {
        let mut pool = pool(MAX_MINORS);
        for expected in 0..1000 {
            assert_eq!(pool.take()?, expected);
        }
        for id in [700, 3, 64] {
            pool.give_back(id);
        }
        for expected in [3, 64, 700, 1000] {
            assert_eq!(pool.take()?, expected);
        }
        Ok(())
    }

    #[test]
    fn the_last_one_and_no_more() -> Result {
        let mut pool = pool(300);
        for _ in 0..300 {
            pool.take()?;
        }
        assert_eq!(pool.take(), Err(ENOSPC));
        pool.give_back(299);
        assert_eq!(pool.take(), Ok(299));
        assert_eq!(pool.take(), Err(ENOSPC));
        Ok(())
    }

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
