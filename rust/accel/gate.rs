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
//!
//! Whether the gate is open is the [`State`] of the device, so that a reset can keep users out by
//! the same means: it takes the step, waits until those inside have left, and has the device to
//! itself.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::{
        NotThreadSafe,
        Opaque, //
    },
};

use crate::{
    ffi,
    state::{
        State,
        StateWord,
        Step, //
    }, //
};

/// Admits callers by the state of a device.
///
/// # Invariants
///
/// `srcu` holds a `struct srcu_struct` that was initialised for SRCU-fast readers.
#[pin_data(PinnedDrop)]
pub(crate) struct Gate {
    #[pin]
    srcu: Opaque<bindings::srcu_struct>,
    state: StateWord,
}

// SAFETY: SRCU and the state may be used from any thread.
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
            state: StateWord::new(),
        })
    }

    /// Enters the gate, unless the device is gone.
    #[inline(always)]
    pub(crate) fn enter(&self) -> Option<Guard<'_>> {
        self.enter_if(|state| state != State::Gone)
    }

    /// Enters the gate, if the device is running: for what a reset keeps out.
    #[inline(always)]
    pub(crate) fn enter_running(&self) -> Option<Guard<'_>> {
        self.enter_if(|state| state == State::Running)
    }

    /// Enters the gate, unless a reset is under way or the device is gone: for what only a reset
    /// keeps out.
    pub(crate) fn enter_unless_reset(&self) -> Option<Guard<'_>> {
        self.enter_if(|state| matches!(state, State::Running | State::Wedged))
    }

    #[inline(always)]
    fn enter_if(&self, admits: impl FnOnce(State) -> bool) -> Option<Guard<'_>> {
        let guard = self.enter_to_stop();

        // If this misses a step that turns the caller away, then the grace period of `drain()`
        // waits for the critical section that began above.
        admits(self.state.get()).then_some(guard)
    }

    /// Enters the gate, whatever the state is. By itself, that is only for whoever ends the work of
    /// the device, before a removal drains the gate.
    #[inline(always)]
    pub(crate) fn enter_to_stop(&self) -> Guard<'_> {
        // SAFETY: `self.srcu` is initialised by the type invariant.
        let section = unsafe { ffi::accel_helper_srcu_read_lock_fast(self.srcu.get()) };

        // INVARIANT: The read-side critical section was entered just above.
        Guard {
            gate: self,
            section,
            _not_send: NotThreadSafe,
        }
    }

    /// Returns the state of the device.
    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    /// Returns whether the device is gone.
    pub(crate) fn is_closed(&self) -> bool {
        self.state() == State::Gone
    }

    /// Takes a step, if it can be taken, and returns what state there was before. Newcomers find
    /// the new state from now on.
    ///
    /// Those inside remain there: see [`Self::drain`].
    pub(crate) fn step(&self, step: Step) -> Option<State> {
        self.state.step(step)
    }

    /// Waits until everybody has left.
    ///
    /// Must come after a step that keeps newcomers out, else it says nothing about those who
    /// entered later. The caller must not be inside itself.
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

/// What is left of a [`Guard`] that was given up without leaving. It belongs to the same task.
#[derive(Clone, Copy)]
pub(crate) struct Section {
    section: Option<NonNull<ffi::SrcuCtr>>,
    _not_send: NotThreadSafe,
}

impl<'a> Guard<'a> {
    /// Gives it up without leaving.
    #[inline(always)]
    pub(crate) fn into_section(self) -> Section {
        let section = Section {
            section: self.section,
            _not_send: NotThreadSafe,
        };
        core::mem::forget(self);
        section
    }

    /// Takes [`Self::into_section`] back.
    ///
    /// # Safety
    ///
    /// The guard must have been one of `gate`, and must not have been taken back before.
    #[inline(always)]
    pub(crate) unsafe fn from_section(gate: &'a Gate, section: Section) -> Self {
        // INVARIANT: The caller guarantees that this is the section of a guard of this gate.
        Self {
            gate,
            section: section.section,
            _not_send: NotThreadSafe,
        }
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
