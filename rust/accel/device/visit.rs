// SPDX-License-Identifier: GPL-2.0

//! Callers in the code of a driver, from its first instruction to its last.
//!
//! A handler is given its [`Context`](crate::Context) by value, and may have given it up, or lost
//! it in a sleep, before it returns. What it still executes then is in a module that could be
//! unloaded, were it only for the gate. So the place of a call inside the gate belongs to the core
//! function that calls the handler, as a [`Visit`], and is not left before the handler has
//! returned. Who sleeps leaves it, but is counted by [`Absent`].
//!
//! When a device goes, its sleepers are awake and about to return. The removal does not wait for
//! them, unless it is because the module is unloaded: else they keep the module for that long.

use core::{
    cell::Cell,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    new_spinlock,
    prelude::*,
    sync::SpinLock, //
};

use crate::{
    base::{
        gate::{
            Guard,
            Section, //
        },
        wait::Signals, //
    },
    device::Core,
    sys::ffi, //
};

/// A call into a driver, as the core function sees it that makes it.
///
/// # Invariants
///
/// If `section` is not `None`, it is that of a guard of the gate of `core` that was given up for
/// it. Else the caller is counted as absent.
pub(crate) struct Visit<'a> {
    core: &'a Core,
    section: Cell<Option<Section>>,
}

impl<'a> Visit<'a> {
    /// Begins a visit, with the place inside the gate of `core` that `guard` is.
    #[inline(always)]
    pub(crate) fn new(core: &'a Core, guard: Guard<'a>) -> Self {
        // INVARIANT: The guard has just been given up.
        Self {
            core,
            section: Cell::new(Some(guard.into_section())),
        }
    }

    /// Leaves the gate for a sleep.
    fn go_to_sleep(&self) {
        self.core.absent.add();
        // INVARIANT: The caller has just been counted.
        if let Some(section) = self.section.take() {
            // SAFETY: By the type invariants the section is one of this gate.
            drop(unsafe { Guard::from_section(&self.core.gate, section) });
        }
    }

    /// Is inside again.
    fn come_back(&self, guard: Guard<'a>) {
        // INVARIANT: The guard has just been given up.
        self.section.set(Some(guard.into_section()));
        self.core.absent.remove(self.core);
    }
}

impl Drop for Visit<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        match self.section.take() {
            // SAFETY: By the type invariants the section is one of this gate.
            Some(section) => drop(unsafe { Guard::from_section(&self.core.gate, section) }),
            None => self.core.absent.remove(self.core),
        }
    }
}

/// What a call has of the gate.
pub(crate) enum Pass<'a> {
    /// A place of its own: the call is made by a core function, and ends in it.
    Own(Guard<'a>),
    /// That of a visit.
    Lent(&'a Visit<'a>),
}

impl<'a> Pass<'a> {
    /// Leaves the gate for a sleep.
    #[inline]
    pub(crate) fn go_to_sleep(self) -> Sleeper<'a> {
        match self {
            Self::Own(guard) => {
                drop(guard);
                Sleeper(None)
            }
            Self::Lent(visit) => {
                visit.go_to_sleep();
                Sleeper(Some(visit))
            }
        }
    }
}

/// Who has left the gate for a sleep.
pub(crate) struct Sleeper<'a>(Option<&'a Visit<'a>>);

impl<'a> Sleeper<'a> {
    /// Is inside again, with the place that `guard` is.
    #[inline]
    pub(crate) fn come_back(self, guard: Guard<'a>) -> Pass<'a> {
        match self.0 {
            None => Pass::Own(guard),
            Some(visit) => {
                visit.come_back(guard);
                Pass::Lent(visit)
            }
        }
    }
}

/// Those who are outside of the gate of a device, but in the code of its driver.
#[pin_data]
pub(crate) struct Absent {
    #[pin]
    state: SpinLock<State>,
}

struct State {
    count: u32,
    /// The driver's module, if they keep it.
    module: Option<NonNull<bindings::module>>,
}

// SAFETY: What is not `Send` by itself is the module, a reference to which belongs to nobody in
// particular.
unsafe impl Send for State {}

impl Absent {
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
        if let Some(module) = module {
            // SAFETY: The reference is one of `Core::let_go_of_module`, which is given up here.
            unsafe { bindings::module_put(module.as_ptr()) };
        }
        if core.gate.is_closed() {
            core.wait.wake_all();
        }
    }
}

impl Core {
    /// Sees to it that the driver's module is there until all have returned from it who are in its
    /// code. To be called when the gate is closed and drained, before the parent is unbound.
    pub(crate) fn let_go_of_module(&self) {
        let mut state = self.absent.state.lock();
        if state.count == 0 {
            return;
        }
        // SAFETY: The parent is still bound, to a driver whose module is there.
        state.module = NonNull::new(unsafe {
            ffi::accel_helper_get_driver_module(ffi::device_as_raw(self.parent()))
        });
        let is_kept = state.module.is_some();
        drop(state);

        // It is being unloaded, or the driver does not say which it is: that of the faux bus.
        if !is_kept {
            self.wait.with_waiter(|waiter| {
                while self.absent.state.lock().count != 0 {
                    waiter.sleep_long(Signals::None);
                }
            });
        }
    }
}
