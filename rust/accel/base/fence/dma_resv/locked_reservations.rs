// SPDX-License-Identifier: GPL-2.0

//! Reservations that are locked together: a piece of work is seldom on one buffer only.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::aref::ARef, //
};

use super::{
    few::Few,
    Backoff,
    DmaResv,
    Guard, //
};
use crate::base::fence::Fence;

/// Up to how many reservations need no memory of their own to be listed.
const FEW: usize = 4;

/// A reservation, and what is to be done with its memory.
struct Entry<'a> {
    reservation: &'a DmaResv,
    writes: bool,
    /// There if it is locked.
    guard: Option<Guard<'a>>,
}

impl Entry<'_> {
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

/// Reservations that are to be locked together, and are unlocked when this is dropped.
///
/// They are in the order of their addresses, in which all of us lock them: so seldom does anybody
/// have to begin again. None is there twice.
pub(crate) struct Reservations<'a> {
    entries: Few<Entry<'a>, FEW>,
}

impl<'a> Reservations<'a> {
    /// Makes an empty list for `count` of them. Returns `ENOMEM`.
    pub(crate) fn with_room(count: usize) -> Result<Self> {
        Ok(Self {
            entries: Few::with_room(count)?,
        })
    }

    /// Adds one, whose memory is to be written to or only read. If it is there already, it counts
    /// as written to if it is once. Returns `ENOMEM` if there is no room.
    pub(crate) fn add(&mut self, reservation: &'a DmaResv, writes: bool) -> Result {
        let entry = Entry {
            reservation,
            writes,
            guard: None,
        };
        let address = |entry: &Option<Entry<'_>>| entry.as_ref().map(Entry::address);
        let entries = self.entries.elements();
        match entries.binary_search_by_key(&Some(entry.address()), address) {
            Err(place) => self.entries.insert(place, entry),
            Ok(twin) => {
                if let Some(twin) = self.entries.iter_mut().nth(twin) {
                    twin.writes |= writes;
                }
                Ok(())
            }
        }
    }

    /// Locks all, until they are dropped, whatever the order in which others do.
    ///
    /// While somebody else has one of them locked, none is held, and `check` is asked again and
    /// again, as by [`DmaResv::lock_while`], which has the errors. Returns `ENOMEM`, too.
    pub(crate) fn lock_while(
        &mut self,
        check: impl Fn() -> Result,
    ) -> Result<LockedReservations<'_>> {
        let mut backoff = Backoff::new();
        while !self.try_lock() {
            self.unlock();
            backoff.sleep(&check)?;
        }
        for entry in self.entries.iter() {
            // SAFETY: It was just locked.
            to_result(unsafe { bindings::dma_resv_reserve_fences(entry.as_raw(), 1) })?;
        }
        // INVARIANT: All are locked, and have room.
        Ok(LockedReservations { all: self })
    }

    /// Locks those that nobody else has locked, and returns whether that is all.
    fn try_lock(&mut self) -> bool {
        self.entries.iter_mut().all(|entry| {
            if entry.guard.is_none() {
                entry.guard = entry.reservation.try_lock();
            }
            entry.guard.is_some()
        })
    }

    fn unlock(&mut self) {
        for entry in self.entries.iter_mut() {
            entry.guard = None;
        }
    }
}

/// [`Reservations`] that are locked.
///
/// # Invariants
///
/// All are locked, and each has room for a fence.
pub(crate) struct LockedReservations<'a> {
    all: &'a Reservations<'a>,
}

impl LockedReservations<'_> {
    /// Returns fences that are signalled when all is done that has to be done before. Returns
    /// `ENOMEM`.
    pub(crate) fn pending(&self) -> Result<KVec<ARef<Fence>>> {
        let mut fences = KVec::new();
        for entry in self.all.entries.iter() {
            if let Some(fence) = entry.reservation.pending(entry.writes)? {
                fences.push(fence, GFP_KERNEL_ACCOUNT)?;
            }
        }
        Ok(fences)
    }

    /// Adds `fence` to all. To be called once at most: there is room for one.
    pub(crate) fn add(&self, fence: &Fence) {
        for entry in self.all.entries.iter() {
            // SAFETY: By the type invariants it is locked, and has room for a fence.
            unsafe {
                let resv = entry.as_raw();
                bindings::dma_resv_add_fence(resv, fence.as_raw(), entry.usage());
            }
        }
    }
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
        let mut both = Reservations::with_room(3)?;
        both.add(&first, false)?;
        both.add(&second, true)?;
        both.add(&first, true)?;
        for (taken, other) in [(&first, &second), (&second, &first)] {
            let locked = taken.lock();
            let check = || {
                assert!(other.try_lock().is_some());
                Err(EAGAIN)
            };
            assert_eq!(both.lock_while(check).err(), Some(EAGAIN));
            drop(locked);
        }
        let all = both.lock_while(|| Err(EAGAIN))?;
        assert!(first.try_lock().is_none() && second.try_lock().is_none());
        // The one that is there twice is one that is written to.
        assert_eq!(all.all.entries.iter().count(), 2);
        assert!(all.all.entries.iter().all(|entry| entry.writes));
        drop(both);
        assert!(first.try_lock().is_some() && second.try_lock().is_some());
        Ok(())
    }
}
