// SPDX-License-Identifier: GPL-2.0

//! Sleeping until a condition holds, where checking the condition may itself sleep or lock.
//!
//! What an interrupt wakes must be bounded by what the driver has begun, not by how many processes
//! look on. So there is a queue for each purpose:
//!
//! - what a driver waits for (a job, an engine) has a queue of the driver's own, [`Waiters`];
//! - calls of users that have none sleep in one for all of them, which
//!   [`Device::wake`](crate::Device::wake) walks;
//! - observers sleep in another, and pollers of a file in that of the file: only threads walk
//!   these, see `notify`;
//! - all who sleep are also in the queue that is walked, by a thread, when the state of the device
//!   changes.

mod deadline;
pub(crate) mod points;
mod queue;

use kernel::{
    current,
    prelude::*,
    sync::atomic::AtomicFlag, //
};

pub use self::{
    deadline::Deadline,
    queue::Waiters, //
};

pub(crate) use self::queue::{
    WaitQueue,
    Waiter, //
};

use crate::sys::ffi;

/// What ends a sleep early.
#[derive(Clone, Copy)]
pub(crate) enum Signals {
    /// Any signal, and whatever else the task has to leave the kernel for: to stop, to freeze, to
    /// do the task work of others.
    All,
    /// Only one that ends the process.
    Fatal,
    /// None.
    None,
}

impl Signals {
    /// Returns whether the current task has received such a signal.
    pub(crate) fn pending(self) -> bool {
        match self {
            Self::All => current!().signal_pending(),
            Self::Fatal => ffi::is_being_killed(),
            Self::None => false,
        }
    }
}

/// Returns what a system call fails with that has failed with `error`.
///
/// `EINTR` is for a signal whose handler runs. A task that was woken for another reason makes the
/// same call again when that is done with, and no process notices; as it does after a handler
/// that was installed with `SA_RESTART`. The kernel decides when the task leaves it, provided that
/// it has something to do there.
pub(crate) fn restart(error: Error) -> Error {
    if error == EINTR && Signals::All.pending() {
        ERESTARTSYS
    } else {
        error
    }
}

/// Those who sleep for a device, but for what a driver has [`Waiters`] for.
#[pin_data]
pub(crate) struct Sleepers {
    /// Calls of the driver, other than by observers.
    #[pin]
    pub(crate) callers: WaitQueue,
    /// Calls of the driver by observers. Never walked in an interrupt.
    #[pin]
    pub(crate) observers: WaitQueue,
    /// All calls of the driver, and those that wait for a change of the state. Never walked in an
    /// interrupt.
    #[pin]
    all: WaitQueue,
    /// The state has changed, which pollers have not been told.
    pub(crate) state_changed: AtomicFlag,
}

impl Sleepers {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            callers <- WaitQueue::new(),
            observers <- WaitQueue::new(),
            all <- WaitQueue::new(),
            state_changed: AtomicFlag::new(false),
        })
    }

    /// Wakes everybody, as the state has changed. To be called by a thread.
    pub(crate) fn wake_all(&self) {
        self.all.wake_all();
    }

    /// Calls `f`, which sleeps until the state changes.
    pub(crate) fn with_waiter<V>(&self, f: impl FnOnce(Pin<&Waiter<'_>>) -> V) -> V {
        self.all.with_waiter(f)
    }

    /// Calls `f`, which sleeps until the state changes or `queue` is woken.
    pub(crate) fn with_waiter_in<V>(
        &self,
        queue: &WaitQueue,
        f: impl FnOnce(Pin<&Waiter<'_>>) -> V,
    ) -> V {
        queue.with_waiter_in_both(&self.all, f)
    }
}
