// SPDX-License-Identifier: GPL-2.0

//! Reservations that are locked together: a piece of work is seldom on one buffer only.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    Backoff,
    DmaResv,
    Guard, //
};
use crate::base::fence::Fence;

/// A reservation, and what is to be done with its memory.
pub(crate) struct Entry<'a> {
    reservation: &'a DmaResv,
    writes: bool,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(reservation: &'a DmaResv, writes: bool) -> Self {
        Self {
            reservation,
            writes,
        }
    }

    fn as_raw(&self) -> *mut bindings::dma_resv {
        self.reservation.as_raw()
    }

    fn address(&self) -> usize {
        self.as_raw().addr()
    }

    /// Returns the kind of its fences, `DMA_RESV_USAGE_*`.
    fn usage(&self) -> bindings::dma_resv_usage {
        match self.writes {
            true => bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE,
            false => bindings::dma_resv_usage_DMA_RESV_USAGE_READ,
        }
    }
}

/// Reservations that are locked, until this is dropped.
///
/// # Invariants
///
/// Once [`Self::lock_while`] has returned, all of `entries` are locked, as `guards` tells; each has
/// room for a fence, and none is there twice.
pub(crate) struct LockedReservations<'a> {
    entries: KVec<Entry<'a>>,
    guards: KVec<Guard<'a>>,
}

impl<'a> LockedReservations<'a> {
    /// Locks all reservations, whatever the order in which others do. If one of them is there more
    /// than once, it counts as written to if it is once.
    ///
    /// While somebody else has one of them locked, none is held, and `check` is asked again and
    /// again, as by [`DmaResv::lock_while`], which has the errors. Returns `ENOMEM`, too.
    pub(crate) fn lock_while(entries: KVec<Entry<'a>>, check: impl Fn() -> Result) -> Result<Self> {
        let entries = merge(entries)?;
        let guards = KVec::with_capacity(entries.len(), GFP_KERNEL_ACCOUNT)?;
        let mut this = Self { entries, guards };
        let mut backoff = Backoff::new();
        while !this.try_lock()? {
            this.guards.clear();
            backoff.sleep(&check)?;
        }
        for entry in &this.entries {
            // SAFETY: It was just locked.
            to_result(unsafe { bindings::dma_resv_reserve_fences(entry.as_raw(), 1) })?;
        }
        // INVARIANT: All are locked, and have room.
        Ok(this)
    }

    /// Locks those that nobody else has locked, and returns whether that is all.
    fn try_lock(&mut self) -> Result<bool> {
        for entry in &self.entries {
            match entry.reservation.try_lock() {
                Some(guard) => self.guards.push(guard, GFP_KERNEL_ACCOUNT)?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Returns fences that are signalled when all is done that has to be done before. Returns
    /// `ENOMEM`.
    pub(crate) fn pending(&self) -> Result<KVec<ARef<Fence>>> {
        let mut fences = KVec::new();
        for entry in &self.entries {
            if let Some(fence) = entry.reservation.pending(entry.writes)? {
                fences.push(fence, GFP_KERNEL_ACCOUNT)?;
            }
        }
        Ok(fences)
    }

    /// Adds `fence` to all. To be called once at most: there is room for one.
    pub(crate) fn add(&self, fence: &Fence) {
        for entry in &self.entries {
            // SAFETY: By the type invariants it is locked, and has room for a fence.
            unsafe {
                let resv = entry.as_raw();
                bindings::dma_resv_add_fence(resv, fence.as_raw(), entry.usage());
            }
        }
    }
}

/// Puts reservations that are there more than once into one entry. The result is in the order of
/// their addresses, in which all of us lock them: so seldom does anybody have to begin again.
fn merge(entries: KVec<Entry<'_>>) -> Result<KVec<Entry<'_>>> {
    let mut merged = KVec::<Entry<'_>>::with_capacity(entries.len(), GFP_KERNEL_ACCOUNT)?;
    for entry in entries {
        match merged.binary_search_by_key(&entry.address(), Entry::address) {
            Ok(twin) => merged[twin].writes |= entry.writes,
            Err(place) => merged
                .insert_within_capacity(place, entry)
                .map_err(|_| ENOMEM)?,
        }
    }
    Ok(merged)
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_dma_resv)]
mod tests {
    use super::*;
    use core::cell::Cell;
    use pin_init::stack_pin_init;

    /// Returns a check that returns `ENODEV` when it is asked for the third time.
    fn third_time(asked: &Cell<u32>) -> impl Fn() -> Result + '_ {
        asked.set(0);
        move || {
            asked.set(asked.get() + 1);
            if asked.get() == 3 {
                return Err(ENODEV);
            }
            Ok(())
        }
    }

    #[test]
    fn who_waits_for_a_lock_is_asked() -> Result {
        let asked = Cell::new(0);
        stack_pin_init!(let memory = DmaResv::new());
        let locked = memory.lock();
        let tried = memory.lock_while(third_time(&asked));
        assert!(matches!(tried, Err(e) if e == ENODEV));
        assert_eq!(asked.get(), 3);
        drop(locked);
        drop(memory.lock_while(third_time(&asked))?);
        assert_eq!(asked.get(), 0);
        Ok(())
    }

    #[test]
    fn who_waits_for_one_holds_none() -> Result {
        stack_pin_init!(let first = DmaResv::new());
        stack_pin_init!(let second = DmaResv::new());
        let entries = || -> Result<KVec<Entry<'_>>> {
            let mut entries = KVec::new();
            entries.push(Entry::new(&first, false), GFP_KERNEL)?;
            entries.push(Entry::new(&second, true), GFP_KERNEL)?;
            entries.push(Entry::new(&first, true), GFP_KERNEL)?;
            Ok(entries)
        };
        for (taken, other) in [(&first, &second), (&second, &first)] {
            let locked = taken.lock();
            let check = || {
                assert!(other.try_lock().is_some());
                Err(EAGAIN)
            };
            let tried = LockedReservations::lock_while(entries()?, check);
            assert!(matches!(tried, Err(e) if e == EAGAIN));
            drop(locked);
        }
        let all = LockedReservations::lock_while(entries()?, || Err(EAGAIN))?;
        assert!(first.try_lock().is_none() && second.try_lock().is_none());
        // The one that is there twice is one that is written to.
        assert_eq!(all.entries.len(), 2);
        assert!(all.entries.iter().all(|entry| entry.writes));
        drop(all);
        assert!(first.try_lock().is_some() && second.try_lock().is_some());
        Ok(())
    }
}
