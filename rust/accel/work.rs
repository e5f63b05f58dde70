// SPDX-License-Identifier: GPL-2.0

//! Accounting of what a device does.

use kernel::{
    sync::{
        atomic::{
            Atomic,
            Relaxed,
            Release, //
        },
        Arc, //
    },
    time::{
        Instant,
        Monotonic, //
    },
};

use crate::watchdog::Watch;

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
}

/// A piece of work that the device is busy with, from [`Device::begin_work`] until it is dropped.
///
/// May be dropped anywhere, in interrupt context too.
///
/// [`Device::begin_work`]: crate::Device::begin_work
#[must_use = "the work ends when this is dropped"]
pub struct Work {
    // Not the device, whose last reference must not be given up in interrupt context.
    usage: Arc<Usage>,
    begin: Instant<Monotonic>,
    // For as long as the work lasts.
    _watch: Option<Watch>,
}

impl Work {
    pub(crate) fn begin(usage: Arc<Usage>) -> Self {
        usage.submitted.fetch_add(1, Relaxed);
        Self {
            usage,
            begin: Instant::now(),
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
    fn drop(&mut self) {
        // CAST: The monotonic clock does not go backwards.
        let busy_ns = self.begin.elapsed().as_nanos() as u64;
        self.usage.busy_ns.fetch_add(busy_ns, Relaxed);
        // Whoever sees this completed also sees that it was submitted.
        self.usage.completed.fetch_add(1, Release);
    }
}
