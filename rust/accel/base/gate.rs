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
//!
//! Nothing inside may wait for what others decide: neither for a drain, nor for whoever waits for
//! one. To lockdep the gate is a lock, which a caller inside holds for reading, and which
//! [`Gate::drain`] and everybody who waits for a reset take for writing. So a kernel with
//! `CONFIG_PROVE_LOCKING` reports a caller inside who takes a lock that is held while a drain is
//! waited for, as soon as both have been seen, whether or not they ever meet. A page fault counts
//! as such a wait: if it is on memory of a device that is being reset, it is one. Hence no caller
//! inside accesses memory of the process.

use core::ptr::NonNull;
use kernel::{
    bindings,
    device,
    error::to_result,
    prelude::*,
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};

use super::state::{
    State,
    StateWord,
    Step, //
};
use crate::sys::ffi;

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
                to_result(unsafe { ffi::accel_gate_init(srcu) })
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
        let section = unsafe { ffi::accel_gate_enter(self.srcu.get()) };

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

    /// Waits until everybody has left. If that takes long, the log says so, on behalf of `device`.
    ///
    /// Must come after a step that keeps newcomers out, else it says nothing about those who
    /// entered later. The caller must not be inside itself.
    pub(crate) fn drain(&self, device: &device::Device) {
        // SAFETY: `self.srcu` is initialised by the type invariant; a reference to a device is a
        // valid pointer to it.
        unsafe { ffi::accel_gate_drain(self.srcu.get(), ffi::device_as_raw(device)) };
    }

    /// Tells lockdep that the caller might wait for a [`Self::drain`].
    #[inline(always)]
    pub(crate) fn might_drain(&self) {
        #[cfg(CONFIG_LOCKDEP)]
        // SAFETY: `self.srcu` is initialised by the type invariant.
        unsafe {
            ffi::accel_gate_might_drain(self.srcu.get())
        };
    }
}

/// Has lockdep check that the caller, who might wait for user space, is inside no gate and has no
/// lock, nor is in code that signals fences.
#[inline(always)]
pub(crate) fn assert_none_held() {
    #[cfg(CONFIG_LOCKDEP)]
    ffi::accel_gate_assert_none_held();
}

/// Primes lockdep with what is true of every gate: that a page fault might wait for a drain. To be
/// called by a process, as the one that loads this module.
pub(crate) fn prime_lockdep() -> Result {
    #[cfg(CONFIG_LOCKDEP)]
    {
        let gate = KBox::pin_init(Gate::new(), GFP_KERNEL)?;
        // SAFETY: `srcu` is initialised by the type invariant.
        unsafe { ffi::accel_gate_fault_might_drain(gate.srcu.get()) };
    }
    Ok(())
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
pub(crate) struct RawGuard {
    section: Option<NonNull<ffi::SrcuCtr>>,
    _not_send: NotThreadSafe,
}

impl<'a> Guard<'a> {
    /// Gives the guard up without leaving the gate.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> RawGuard {
        let raw = RawGuard {
            section: self.section,
            _not_send: NotThreadSafe,
        };
        core::mem::forget(self);
        raw
    }

    /// Makes a guard of what [`Self::into_raw`] has returned.
    ///
    /// # Safety
    ///
    /// `raw` must come from a guard of `gate`, and must not have been made a guard of before.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(gate: &'a Gate, raw: RawGuard) -> Self {
        // INVARIANT: The caller guarantees that this is the section of a guard of this gate.
        Self {
            gate,
            section: raw.section,
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
            ffi::accel_gate_leave(self.gate.srcu.get(), self.section);
        }
    }
}
