// SPDX-License-Identifier: GPL-2.0

//! Reservations: a lock that comes with memory, and the fences of those who work on that.

mod few;
mod locked_reservations;

use core::ptr::NonNull;
use kernel::{
    bindings, current,
    error::to_result,
    ffi::{
        c_ulong, //
    },
    prelude::*,
    sync::aref::ARef,
    time::{
        delay::fsleep,
        msecs_to_jiffies,
        Delta, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

pub(crate) use self::locked_reservations::{
    LockedReservations,
    Reservations, //
};

use super::Fence;
use crate::sys::ffi;

/// How long to sleep before a lock is tried again: longer each time.
struct Backoff(Delta);

impl Backoff {
    const LONGEST: Delta = Delta::from_millis(5);

    fn new() -> Self {
        Self(Delta::from_micros(20))
    }

    /// Sleeps. Returns `EINTR` instead if the current task has received a signal, and what `check`
    /// does.
    fn sleep(&mut self, check: impl Fn() -> Result) -> Result {
        check()?;
        if current!().signal_pending() {
            return Err(EINTR);
        }
        fsleep(self.0);
        self.0 = Self::LONGEST.min(self.0 + self.0);
        Ok(())
    }
}

/// Returns the kind of the fences that one waits for who accesses memory: who reads, for those who
/// write, and who writes, for everybody.
fn waits_for(writes: bool) -> bindings::dma_resv_usage {
    match writes {
        true => bindings::dma_resv_usage_DMA_RESV_USAGE_READ,
        false => bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE,
    }
}

/// A `struct dma_resv`.
///
/// # Invariants
///
/// `resv` is initialised.
#[repr(transparent)]
#[pin_data(PinnedDrop)]
pub(crate) struct DmaResv {
    #[pin]
    resv: Opaque<bindings::dma_resv>,
}

// SAFETY: A reservation may be used from any thread.
unsafe impl Send for DmaResv {}
// SAFETY: As above.
unsafe impl Sync for DmaResv {}

impl DmaResv {
    /// Creates one without fences.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            // INVARIANT: The C function initialises the whole structure.
            resv <- Opaque::ffi_init(|resv| {
                // SAFETY: It is valid for writes, and stays where it is until it is dropped.
                unsafe { bindings::dma_resv_init(resv) }
            }),
        })
    }

    /// Returns that of somebody else.
    ///
    /// # Safety
    ///
    /// It must be initialised, and stay so as long as the result is used.
    pub(crate) unsafe fn from_raw<'a>(resv: *mut bindings::dma_resv) -> &'a Self {
        // CAST: `Self` is a transparent wrapper.
        //
        // SAFETY: Same requirements.
        unsafe { &*resv.cast() }
    }

    /// Returns the C side.
    pub(crate) fn as_raw(&self) -> *mut bindings::dma_resv {
        self.resv.get()
    }

    /// Locks it.
    pub(crate) fn lock(&self) -> Guard<'_> {
        // SAFETY: Initialised by the type invariants. Without a context, it cannot fail.
        unsafe { bindings::dma_resv_lock(self.as_raw(), core::ptr::null_mut()) };
        self.locked()
    }

    /// Locks it, unless somebody else has.
    pub(crate) fn try_lock(&self) -> Option<Guard<'_>> {
        // SAFETY: Initialised by the type invariants.
        let is_locked = unsafe { ffi::accel_helper_dma_resv_trylock(self.as_raw()) };
        is_locked.then(|| self.locked())
    }

    /// Locks it. While somebody else has it locked, asks `check` again and again, and returns the
    /// error if that does, or `EINTR` if a signal arrives.
    ///
    /// Others may keep it locked for as long as they wait for somebody's fence. So this is the way
    /// to lock it for who holds up those who `check` is about.
    pub(crate) fn lock_while(&self, check: impl Fn() -> Result) -> Result<Guard<'_>> {
        let mut backoff = Backoff::new();
        loop {
            if let Some(guard) = self.try_lock() {
                return Ok(guard);
            }
            backoff.sleep(&check)?;
        }
    }

    /// Returns the guard of a lock that was just taken.
    fn locked(&self) -> Guard<'_> {
        // INVARIANT: The caller has just locked it.
        Guard {
            reservation: self,
            _not_send: NotThreadSafe,
        }
    }

    /// Returns whether nobody works on the memory.
    pub(crate) fn is_idle(&self) -> bool {
        self.is_signalled(bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP)
    }

    /// Returns whether somebody works on the memory whom one has to wait for who accesses it; who
    /// only reads, for those who write.
    pub(crate) fn is_busy(&self, writes: bool) -> bool {
        !self.is_signalled(waits_for(writes))
    }

    /// Returns whether the fences of a kind are signalled, and those that matter more.
    fn is_signalled(&self, usage: bindings::dma_resv_usage) -> bool {
        // SAFETY: Initialised by the type invariants.
        unsafe { bindings::dma_resv_test_signaled(self.as_raw(), usage) }
    }

    /// Returns a fence that is signalled when all those have finished whom one has to wait for who
    /// accesses the memory; see [`Self::is_busy`]. `None` if there is nobody. Returns `ENOMEM`.
    pub(crate) fn pending(&self, writes: bool) -> Result<Option<ARef<Fence>>> {
        let mut fence = core::ptr::null_mut();
        // SAFETY: Initialised by the type invariants; it may be looked at any time.
        to_result(unsafe {
            bindings::dma_resv_get_singleton(self.as_raw(), waits_for(writes), &mut fence)
        })?;
        // SAFETY: The function returns a reference. INVARIANT: It is a valid fence.
        Ok(NonNull::new(fence).map(|fence| unsafe { ARef::from_raw(fence.cast()) }))
    }

    /// Waits until what has to be over before the memory is accessed is over. Asks `check` again
    /// and again meanwhile, and returns the error if that does, or `EINTR` if a signal arrives.
    pub(crate) fn wait_for_kernel(&self, check: impl Fn() -> Result) -> Result {
        let usage = bindings::dma_resv_usage_DMA_RESV_USAGE_KERNEL;
        while !self.wait(usage, msecs_to_jiffies(20))? {
            check()?;
        }
        Ok(())
    }

    /// Waits for a short time until all who work on the memory have finished, and returns whether
    /// they have. Returns `EINTR` if a signal arrives before.
    pub(crate) fn wait_timeout(&self) -> Result<bool> {
        let usage = bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP;
        self.wait(usage, msecs_to_jiffies(20))
    }

    /// Waits until all who work on the memory have finished, or `condition` does not hold any more,
    /// which is asked again and again.
    pub(crate) fn wait_for_all_while(&self, condition: impl Fn() -> bool) {
        let usage = bindings::dma_resv_usage_DMA_RESV_USAGE_BOOKKEEP;
        while condition() {
            let timeout = msecs_to_jiffies(20);
            // SAFETY: Initialised by the type invariants.
            let left =
                unsafe { bindings::dma_resv_wait_timeout(self.as_raw(), usage, false, timeout) };
            if left != 0 {
                return;
            }
        }
    }

    /// Waits for the fences of a kind, and those that matter more, for at most so many jiffies.
    /// Returns whether they are signalled, and `EINTR` if a signal arrives before.
    fn wait(&self, usage: bindings::dma_resv_usage, timeout: c_ulong) -> Result<bool> {
        // SAFETY: Initialised by the type invariants.
        let left = unsafe { bindings::dma_resv_wait_timeout(self.as_raw(), usage, true, timeout) };
        // CAST: A negative result is a small number. A signal is not to restart the call.
        if left < 0 {
            return Err(EINTR);
        }
        Ok(left > 0)
    }
}

#[pinned_drop]
impl PinnedDrop for DmaResv {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Initialised by the type invariants, and nobody uses it any more.
        unsafe { bindings::dma_resv_fini(self.as_raw()) };
    }
}

/// A [`DmaResv`] that is locked, until this is dropped.
///
/// # Invariants
///
/// `reservation` is locked, by this task.
#[must_use = "it is unlocked when this is dropped"]
pub(crate) struct Guard<'a> {
    reservation: &'a DmaResv,
    _not_send: NotThreadSafe,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // SAFETY: Locked by the type invariants.
        unsafe { bindings::dma_resv_unlock(self.reservation.as_raw()) };
    }
}
