// SPDX-License-Identifier: GPL-2.0

//! A timer of a device, which expires at the earliest of the times that it is set to.

use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::SpinLockIrq,
    time::{
        msecs_to_jiffies,
        Msecs, //
    }, //
};

use super::task::Task;
use crate::{
    base::{
        queue,
        wait::Deadline, //
    },
    sys::ffi, //
};

const NS_PER_MS: u64 = 1_000_000;

/// Returns the time in `timeout_ms` milliseconds, but in a day at most; of CLOCK_MONOTONIC.
pub(super) fn after(timeout_ms: Msecs) -> u64 {
    ffi::monotonic_ns() + u64::from(timeout_ms.min(Deadline::MAX_MS)) * NS_PER_MS
}

/// A timer that is part of a [`Core`](crate::device::Core).
#[pin_data]
pub(crate) struct Timer {
    #[pin]
    pub(super) task: Task,
    /// When it expires, of CLOCK_MONOTONIC. Whoever the task calls sets it to `None`.
    #[pin]
    pub(super) expires_ns: SpinLockIrq<Option<u64>>,
}

impl Timer {
    /// Makes one that calls `task`, which fences may depend on.
    pub(super) fn new(task: impl PinInit<Task>) -> impl PinInit<Self> {
        pin_init!(Self {
            task <- task,
            expires_ns <- new_spinlock_irq!(None),
        })
    }

    /// Lets the timer expire, from now on.
    pub(super) fn start(&self) {
        self.task.start();
        // It was not set for what was begun before.
        if let Some(expires_ns) = *self.expires_ns.lock() {
            self.queue(expires_ns);
        }
    }

    /// Stops the timer, and waits if it is just expiring.
    pub(super) fn stop(&self) {
        self.task.stop();
    }

    /// Lets the timer expire at `deadline_ns`, unless it does so before. May be called in any
    /// context.
    pub(super) fn set(&self, deadline_ns: u64) {
        let mut expires_ns = self.expires_ns.lock();
        if expires_ns.is_none_or(|expires_ns| deadline_ns < expires_ns) {
            *expires_ns = Some(deadline_ns);
            self.queue(deadline_ns);
        }
    }

    fn queue(&self, deadline_ns: u64) {
        let left_ns = deadline_ns.saturating_sub(ffi::monotonic_ns());
        // CAST: At most a day, see `after`. The current jiffy is partly over.
        let delay = msecs_to_jiffies((left_ns / NS_PER_MS) as Msecs) + 2;
        self.task.queue_in(queue::signalling(), delay);
    }
}
