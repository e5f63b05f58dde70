// SPDX-License-Identifier: GPL-2.0

//! Accounting of what a device does.

use kernel::sync::{
    atomic::{
        Atomic,
        Relaxed,
        Release, //
    },
    Arc, //
};

use super::{
    engine::Account,
    watchdog::Watch, //
};
use crate::sys::ffi;

/// The counters of a device; `struct accel_info_usage`. They only grow.
pub(crate) struct Usage {
    pub(crate) busy_ns: Atomic<u64>,
    pub(crate) submitted: Atomic<u64>,
    pub(crate) completed: Atomic<u64>,
}

impl Usage {
    pub(crate) fn new() -> Self {
        Self {
            busy_ns: Atomic::new(0),
            submitted: Atomic::new(0),
            completed: Atomic::new(0),
        }
    }

    /// Counts work that begins.
    #[inline]
    pub(crate) fn submit(&self) {
        self.submitted.add(1, Relaxed);
    }

    /// Counts work that has ended.
    #[inline]
    pub(crate) fn complete(&self, busy_ns: u64) {
        self.busy_ns.add(busy_ns, Relaxed);
        // Whoever sees this completed also sees that it was submitted.
        self.completed.fetch_add(1, Release);
    }
}

/// A piece of work that the device is busy with, from [`Device::begin_work`] until it is dropped.
///
/// May be dropped anywhere, in interrupt context too.
///
/// [`Device::begin_work`]: crate::Device::begin_work
#[must_use = "the work ends when this is dropped"]
pub struct Work {
    // Not the device, whose last reference must not be given up in interrupt context.
    account: Arc<Account>,
    engine: usize,
    begin_ns: u64,
    // For as long as the work lasts.
    _watch: Option<Watch>,
}

impl Work {
    /// Begins work on an engine; or, if the account has no such, that only counts for the device.
    #[inline]
    pub(crate) fn begin(account: Arc<Account>, engine: usize) -> Self {
        account.usage.submit();
        let begin_ns = ffi::monotonic_ns();
        if let Some(time) = account.engine(engine) {
            time.begin(begin_ns);
        }
        Self {
            account,
            engine,
            begin_ns,
            _watch: None,
        }
    }

    /// Says that it has to end in time.
    pub(crate) fn watched_by(mut self, watch: Watch) -> Self {
        self._watch = Some(watch);
        self
    }
}

impl Drop for Work {
    #[inline]
    fn drop(&mut self) {
        let time = self.account.engine(self.engine);
        if let Some(time) = time {
            time.pause(self.begin_ns);
        }
        // This does not wrap: the clock does not go backwards.
        let busy_ns = ffi::monotonic_ns().wrapping_sub(self.begin_ns);
        if let Some(time) = time {
            time.end(busy_ns);
        }
        self.account.usage.complete(busy_ns);
    }
}
