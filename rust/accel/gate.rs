// SPDX-License-Identifier: GPL-2.0

//! The gate between user space and a driver.
//!
//! Each device has one [`Gate`]. Whoever is about to run code of the driver, or to touch data that
//! lives for the binding, enters the gate first and holds the [`Guard`] meanwhile. Closing the gate
//! turns newcomers away and waits for those inside, so afterwards nobody is, and nobody ever will
//! be again.
//!
//! Entering must be cheap and must not make callers of one device wait for another, while closing
//! happens once in the life of a device. That is what SRCU-fast offers: entering and leaving are
//! one per-CPU increment each, and closing pays with the grace periods. A sleeper is inside for as
//! long as it sleeps; so wait through [`Context::wait`](crate::Context::wait), which leaves.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::atomic::{
        AtomicFlag,
        Relaxed, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

use crate::ffi;

/// Admits callers until it is closed.
///
/// # Invariants
///
/// `srcu` holds a `struct srcu_struct` that was initialised for SRCU-fast readers.
#[pin_data(PinnedDrop)]
pub(crate) struct Gate {
    #[pin]
    srcu: Opaque<bindings::srcu_struct>,
    closed: AtomicFlag,
}

// SAFETY: SRCU and the atomic flag may be used from any thread.
unsafe impl Send for Gate {}
// SAFETY: As above.
unsafe impl Sync for Gate {}

impl Gate {
    /// Creates an open gate.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            // INVARIANT: The initialiser fails unless the C function has succeeded.
            srcu <- Opaque::try_ffi_init(|srcu| {
                // SAFETY: `srcu` is valid for writes, and is pinned until `PinnedDrop` runs.
                to_result(unsafe { ffi::accel_helper_init_srcu_struct_fast(srcu) })
            }),
            closed: AtomicFlag::new(false),
        })
    }

    /// Enters the gate, unless it is closed.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Option<Guard<'_>> {
        // SAFETY: `self.srcu` is initialised by the type invariant.
        let section = unsafe { ffi::accel_helper_srcu_read_lock_fast(self.srcu.get()) };

        // INVARIANT: The read-side critical section was entered just above.
        let guard = Guard {
            gate: self,
            section,
            _not_send: NotThreadSafe,
        };

        // Relaxed is enough: if this load misses the store in `close()`, then the grace period
        // there waits for the critical section that began above.
        if self.closed.load(Relaxed) {
            return None;
        }

        Some(guard)
    }

    /// Returns whether [`Self::close`] has been called.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Relaxed)
    }

    /// Turns newcomers away from now on. Returns whether this call was the first to do so.
    ///
    /// Those inside remain there: see [`Self::drain`].
    pub(crate) fn close(&self) -> bool {
        !self.closed.xchg(true, Relaxed)
    }

    /// Waits until everybody has left.
    ///
    /// Must come after [`Self::close`], else it says nothing about those who entered later. The
    /// caller must not be inside itself.
    pub(crate) fn drain(&self) {
        // SAFETY: `self.srcu` is initialised by the type invariant.
        unsafe { bindings::synchronize_srcu_expedited(self.srcu.get()) };
    }
}

#[pinned_drop]
impl PinnedDrop for Gate {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: `self.srcu` is initialised by the type invariant. Guards borrow the gate, hence
        // there are no readers.
        unsafe { bindings::cleanup_srcu_struct(self.srcu.get()) };
    }
}

/// Proof of being inside a [`Gate`]; leaves when dropped.
///
/// # Invariants
///
/// `section` is what SRCU returned for the critical section of `gate` that this guard stands for.
pub(crate) struct Guard<'a> {
    gate: &'a Gate,
    section: Option<NonNull<ffi::SrcuCtr>>,
    // An SRCU critical section belongs to the task that began it.
    _not_send: NotThreadSafe,
}

impl<'a> Guard<'a> {
    /// Leaves the gate, calls `f`, and enters again.
    ///
    /// Returns `ENODEV` if the gate was closed meanwhile.
    pub(crate) fn outside<R>(self, f: impl FnOnce() -> R) -> Result<(Self, R)> {
        let gate: &'a Gate = self.gate;
        drop(self);
        let result = f();
        Ok((gate.enter().ok_or(ENODEV)?, result))
    }
}

impl Drop for Guard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: By the type invariants, `section` belongs to this SRCU structure, and this is
        // the only place that ends it, on the task that began it.
        unsafe {
            ffi::accel_helper_srcu_read_unlock_fast(self.gate.srcu.get(), self.section);
        }
    }
}
