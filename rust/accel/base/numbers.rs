// SPDX-License-Identifier: GPL-2.0

//! Numbers that are handed out, the lowest first, and given back.

use kernel::{
    id_pool::IdPool,
    prelude::*, //
};

/// Numbers from zero up to a limit.
pub(crate) struct Numbers {
    // `None` until the first number is wanted, because an empty pool cannot be made in a constant.
    ids: Option<IdPool>,
    // All numbers below this are taken.
    lowest: usize,
    limit: usize,
}

impl Numbers {
    /// The numbers below `limit`.
    pub(crate) const fn below(limit: usize) -> Self {
        Self {
            ids: None,
            lowest: 0,
            limit,
        }
    }

    /// Takes the lowest free number. Returns `ENOSPC` if there is none, or `ENOMEM`.
    pub(crate) fn take(&mut self) -> Result<usize> {
        let ids = self.ids.get_or_insert_with(IdPool::new);

        if self.lowest == ids.capacity() || ids.find_unused_id(self.lowest).is_none() {
            let bigger = ids
                .grow_request()
                .ok_or(ENOSPC)?
                .realloc(GFP_KERNEL_ACCOUNT)?;
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

    /// Gives a number back that was taken.
    pub(crate) fn release(&mut self, id: usize) {
        if let Some(ids) = &mut self.ids {
            ids.release_id(id);
            self.lowest = self.lowest.min(id);
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_numbers)]
mod tests {
    use super::*;

    #[test]
    fn lowest_first() -> Result {
        let mut numbers = Numbers::below(1 << 20);
        for expected in 0..1000 {
            assert_eq!(numbers.take()?, expected);
        }
        for id in [700, 3, 64] {
            numbers.release(id);
        }
        for expected in [3, 64, 700, 1000] {
            assert_eq!(numbers.take()?, expected);
        }
        Ok(())
    }

    #[test]
    fn the_last_one_and_no_more() -> Result {
        let mut numbers = Numbers::below(300);
        for _ in 0..300 {
            numbers.take()?;
        }
        assert_eq!(numbers.take(), Err(ENOSPC));
        numbers.release(299);
        assert_eq!(numbers.take(), Ok(299));
        assert_eq!(numbers.take(), Err(ENOSPC));
        Ok(())
    }
}
