// SPDX-License-Identifier: GPL-2.0

//! Callers in the code of a driver, from its first instruction to its last.
//!
//! A handler is given its [`Context`](crate::Context) by value, and may have given it up, or lost
//! it in a sleep, before it returns. What it still executes then is in a module that could be
//! unloaded, were it only for the gate. So the read-side section of the gate belongs to the core
//! function that calls the handler, as a [`GateSection`], and does not end before the handler has
//! returned. A caller that sleeps leaves the section, but is counted by [`OutsideCallers`].
//!
//! When a device goes, its sleepers are awake and about to return. The removal does not wait for
//! them, unless it is because the module is unloaded: else they keep the module for that long.

use core::cell::Cell;
use kernel::{
    new_spinlock,
    prelude::*,
    sync::SpinLock, //
};

use crate::{
    base::{
        gate::{
            Guard,
            RawGuard, //
        },
        user_memory::UserMemory,
        wait::Signals, //
    },
    device::{
        core::registration::Drained,
        Core, //
    },
    sys::ffi::ModuleRef, //
};

/// The read-side section of the gate that a call into a driver is in, except while it sleeps.
///
/// # Invariants
///
/// If `guard` is not `None`, it comes from a guard of the gate of `core` that was given up for it.
/// Else the caller is counted in `core.outside_callers`.
pub(crate) struct GateSection<'a> {
    core: &'a Core,
    guard: Cell<Option<RawGuard>>,
    /// Memory of the process that the driver has not found at hand.
    absent: Cell<Option<UserMemory>>,
}

impl<'a> GateSection<'a> {
    /// Makes a section of `guard`, which is one of the gate of `core`.
    #[inline(always)]
    pub(crate) fn new(core: &'a Core, guard: Guard<'a>) -> Self {
        // INVARIANT: The guard has just been given up.
        Self {
            core,
            guard: Cell::new(Some(guard.into_raw())),
            absent: Cell::new(None),
        }
    }

    /// Takes note of memory of the process that is not at hand.
    pub(crate) fn set_absent(&self, memory: UserMemory) {
        self.absent.set(Some(memory));
    }

    /// Returns the memory that was not at hand last.
    pub(crate) fn absent(&self) -> Option<UserMemory> {
        self.absent.get()
    }

    /// Leaves the section for a sleep.
    fn leave(&self) {
        self.core.outside_callers.add();
        // INVARIANT: The caller has just been counted.
        if let Some(guard) = self.guard.take() {
            // SAFETY: By the type invariants the guard is one of this gate.
            drop(unsafe { Guard::from_raw(&self.core.gate, guard) });
        }
    }

    /// Enters the section again, with `guard`.
    fn reenter(&self, guard: Guard<'a>) {
        // INVARIANT: The guard has just been given up.
        self.guard.set(Some(guard.into_raw()));
        self.core.outside_callers.remove(self.core);
    }
}

impl Drop for GateSection<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        match self.guard.take() {
            // SAFETY: By the type invariants the guard is one of this gate.
            Some(guard) => drop(unsafe { Guard::from_raw(&self.core.gate, guard) }),
            None => self.core.outside_callers.remove(self.core),
        }
    }
}

/// The section of the gate that a call is in.
pub(crate) enum SectionRef<'a> {
    /// One of its own: the call is made by a core function, and ends in it.
    Owned(Guard<'a>),
    /// That of the core function which calls the driver.
    Borrowed(&'a GateSection<'a>),
}

impl<'a> SectionRef<'a> {
    /// Leaves the section for a sleep.
    #[inline]
    pub(crate) fn leave(self) -> Sleeper<'a> {
        match self {
            Self::Owned(guard) => {
                drop(guard);
                Sleeper(None)
            }
            Self::Borrowed(section) => {
                section.leave();
                Sleeper(Some(section))
            }
        }
    }
}

/// A caller that has left its section for a sleep.
pub(crate) struct Sleeper<'a>(Option<&'a GateSection<'a>>);

impl<'a> Sleeper<'a> {
    /// Enters the section again, with `guard`.
    #[inline]
    pub(crate) fn reenter(self, guard: Guard<'a>) -> SectionRef<'a> {
        match self.0 {
            None => SectionRef::Owned(guard),
            Some(section) => {
                section.reenter(guard);
                SectionRef::Borrowed(section)
            }
        }
    }
}

/// The callers that are outside of the gate of a device, but in the code of its driver.
#[pin_data]
pub(crate) struct OutsideCallers {
    #[pin]
    state: SpinLock<State>,
}

struct State {
    count: u32,
    /// The driver's module, if they keep it.
    module: Option<ModuleRef>,
}

impl OutsideCallers {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_spinlock!(State { count: 0, module: None }),
        })
    }

    fn add(&self) {
        self.state.lock().count += 1;
    }

    /// Counts one less, of `core`.
    fn remove(&self, core: &Core) {
        let mut state = self.state.lock();
        state.count -= 1;
        if state.count != 0 {
            return;
        }
        let module = state.module.take();
        drop(state);
        drop(module);
        if core.gate.is_closed() {
            core.wait.wake_all();
        }
    }
}

impl Drained<'_> {
    /// Defers the unloading of the driver's module until all callers in its code have returned.
    pub(super) fn defer_module_unload(self) {
        let core = self.core();
        let mut state = core.outside_callers.state.lock();
        if state.count == 0 {
            return;
        }
        // SAFETY: The parent is still bound, to a driver whose module is there.
        state.module = unsafe { ModuleRef::of_driver(core.parent_as_raw()) };
        let is_kept = state.module.is_some();
        drop(state);

        // It is being unloaded, or the driver does not say which it is: that of the faux bus.
        if !is_kept {
            core.wait.with_waiter(|waiter| {
                while core.outside_callers.state.lock().count != 0 {
                    waiter.sleep_long(Signals::None);
                }
            });
        }
    }
}
