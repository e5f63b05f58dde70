// SPDX-License-Identifier: GPL-2.0

//! The work queues of the framework.
//!
//! Whatever a fence depends on is done in one of its own: [`signalling`]. That queue has a thread
//! set aside for when there is no memory for another one, and goes on while the system goes to
//! sleep, as other devices may wait for fences until they are asleep themselves; what is done there
//! for a device stands still as long as that sleeps. Nothing in it allocates memory, see
//! [`Signalling`](crate::base::fence::Signalling).
//!
//! Those who only look on are woken in another one: [`notify`]. It reaches no device, and goes on
//! while the system goes to sleep, too.
//!
//! What exporters of others are asked for, who may take their time, is done in one of its own as
//! well, so that nothing else waits behind it: [`exporters`]. What is given back to one exporter is
//! a piece of work of its own, and does not wait for what the same exporter was asked before.
//!
//! All else is done in the last one: [`ordinary`]. When the system goes to sleep, these two stand
//! still before any device does, and until all of them are awake.

use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    workqueue, //
};

/// The queues, once they are there.
static SIGNALLING: Atomic<*mut bindings::workqueue_struct> = Atomic::new(core::ptr::null_mut());
static NOTIFY: Atomic<*mut bindings::workqueue_struct> = Atomic::new(core::ptr::null_mut());
static EXPORTERS: Atomic<*mut bindings::workqueue_struct> = Atomic::new(core::ptr::null_mut());
static ORDINARY: Atomic<*mut bindings::workqueue_struct> = Atomic::new(core::ptr::null_mut());

/// Returns the queue of what fences depend on, which is there as long as a device is.
pub(crate) fn signalling() -> &'static workqueue::Queue {
    get(&SIGNALLING)
}

/// Returns the queue of what wakes others, which is there as long as a device or a file is.
pub(crate) fn notify() -> &'static workqueue::Queue {
    get(&NOTIFY)
}

/// Returns the queue of what exporters are asked for, which is there as long as a device or a file
/// is.
pub(crate) fn exporters() -> &'static workqueue::Queue {
    get(&EXPORTERS)
}

/// Returns the queue of all else, which is there as long as a device is.
pub(crate) fn ordinary() -> &'static workqueue::Queue {
    get(&ORDINARY)
}

fn get(queue: &Atomic<*mut bindings::workqueue_struct>) -> &'static workqueue::Queue {
    // SAFETY: The caller has a device or a file, without which nobody gets here. All are set before
    // there is one, and stay as long as the module does.
    unsafe { workqueue::Queue::from_raw(queue.load(Relaxed)) }
}

/// The queues; there is one of each.
pub(crate) struct Queues {
    _signalling: Owned,
    _notify: Owned,
    _exporters: Owned,
    _ordinary: Owned,
}

impl Queues {
    pub(crate) fn new() -> Result<Self> {
        let signalling = Owned::new(
            c"accelerator-fences",
            bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_MEM_RECLAIM,
        )?;
        let notify = Owned::new(
            c"accelerator-notify",
            bindings::wq_flags_WQ_UNBOUND
                | bindings::wq_flags_WQ_HIGHPRI
                | bindings::wq_flags_WQ_MEM_RECLAIM,
        )?;
        let freezable = bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_FREEZABLE;
        let exporters = Owned::new(c"accelerator-exporters", freezable)?;
        let ordinary = Owned::new(c"accelerator", freezable)?;
        // Relaxed is enough: whoever uses them has a device, which comes later.
        SIGNALLING.store(signalling.0.as_ptr(), Relaxed);
        NOTIFY.store(notify.0.as_ptr(), Relaxed);
        EXPORTERS.store(exporters.0.as_ptr(), Relaxed);
        ORDINARY.store(ordinary.0.as_ptr(), Relaxed);
        Ok(Self {
            _signalling: signalling,
            _notify: notify,
            _exporters: exporters,
            _ordinary: ordinary,
        })
    }
}

/// A work queue.
///
/// # Invariants
///
/// It was allocated by [`Self::new`].
struct Owned(NonNull<bindings::workqueue_struct>);

// SAFETY: A work queue may be used from any thread.
unsafe impl Send for Owned {}
// SAFETY: As above.
unsafe impl Sync for Owned {}

impl Owned {
    fn new(name: &'static CStr, flags: bindings::wq_flags) -> Result<Self> {
        // SAFETY: The name is static, and has nothing to fill in.
        let queue = unsafe { bindings::alloc_workqueue_noprof(name.as_char_ptr(), flags, 0) };
        // INVARIANT: It was just allocated.
        Ok(Self(NonNull::new(queue).ok_or(ENOMEM)?))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: It was allocated by `new()`; without devices, nobody queues anything. What is
        // queued is waited for.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}
