// SPDX-License-Identifier: GPL-2.0

//! Reservations that are locked together: a piece of work is seldom on one buffer only.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

use super::DmaResv;
use crate::{
    fence::Fence,
    ffi, //
};

/// A reservation, and what is to be done with its memory.
pub(crate) struct Entry<'a> {
    reservation: &'a DmaResv,
    writes: bool,
    locked: bool,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(reservation: &'a DmaResv, writes: bool) -> Self {
        Self {
            reservation,
            writes,
            locked: false,
        }
    }

    fn as_raw(&self) -> *mut bindings::dma_resv {
        self.reservation.as_raw()
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
/// `ctx` is initialised. Those that are marked as locked are, with `ctx`, and none of these is
/// there twice. Once [`Together::lock`] has returned, all are, and each has room for a fence.
pub(crate) struct Together<'a> {
    entries: KVec<Entry<'a>>,
    ctx: KBox<Opaque<bindings::ww_acquire_ctx>>,
}

impl<'a> Together<'a> {
    /// Locks all reservations, whatever the order in which others do. If one of them is there more
    /// than once, it counts as written to if it is once.
    ///
    /// Returns `EINTR` if a signal arrives before all are locked, and `ENOMEM`.
    pub(crate) fn lock(entries: KVec<Entry<'a>>) -> Result<Self> {
        let ctx = KBox::new(Opaque::uninit(), GFP_KERNEL_ACCOUNT)?;
        // SAFETY: The memory is valid for writes, and stays where it is until `drop` is done with
        // it.
        unsafe { ffi::accel_helper_ww_acquire_init(ctx.get()) };
        // INVARIANT: It was just initialised. None is locked.
        let mut this = Self { entries, ctx };
        this.lock_all()?;
        // SAFETY: By the type invariants it is initialised.
        unsafe { ffi::accel_helper_ww_acquire_done(this.ctx.get()) };
        for entry in &this.entries {
            // SAFETY: It was just locked.
            to_result(unsafe { bindings::dma_resv_reserve_fences(entry.as_raw(), 1) })?;
        }
        Ok(this)
    }

    fn lock_all(&mut self) -> Result {
        let ctx = self.ctx.get();
        let mut next = 0;
        while let Some(entry) = self.entries.get_mut(next) {
            if entry.locked {
                next += 1;
                continue;
            }
            let resv = entry.as_raw();
            // SAFETY: By the type invariants the context is valid, and this one is not locked with
            // it. If the caller has it locked with another, it waits for a signal.
            let ret = unsafe { ffi::accel_helper_dma_resv_lock_interruptible(resv, ctx) };
            match to_result(ret) {
                Ok(()) => entry.locked = true,
                Err(EALREADY) => self.merge(next),
                // Somebody who has come before has it, and waits for one that is locked here: he
                // gets them all, and then we begin with this one.
                Err(EDEADLK) => {
                    self.unlock();
                    // SAFETY: As above; none is locked.
                    to_result(unsafe {
                        ffi::accel_helper_dma_resv_lock_slow_interruptible(resv, ctx)
                    })?;
                    self.entries[next].locked = true;
                    next = 0;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Takes out one that is there twice, and locked already.
    fn merge(&mut self, index: usize) {
        if let Ok(twin) = self.entries.remove(index) {
            let mut entries = self.entries.iter_mut();
            if let Some(entry) = entries.find(|entry| entry.as_raw() == twin.as_raw()) {
                entry.writes |= twin.writes;
            }
        }
    }

    fn unlock(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| entry.locked) {
            // SAFETY: By the type invariants it is locked.
            unsafe { bindings::dma_resv_unlock(entry.as_raw()) };
            entry.locked = false;
        }
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

impl Drop for Together<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.unlock();
        // SAFETY: By the type invariants it is initialised; nothing is locked with it any more.
        unsafe { ffi::accel_helper_ww_acquire_fini(self.ctx.get()) };
    }
}
