// SPDX-License-Identifier: GPL-2.0

//! The work queue of the framework.
//!
//! When the system goes to sleep, it stands still before any device does, and until all of them are
//! awake: what runs in it finds its device as it is at any other time.

use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The queue, once there is one.
static QUEUE: Atomic<*mut bindings::workqueue_struct> = Atomic::new(core::ptr::null_mut());

/// Returns the queue, which is there as long as a device is.
pub(crate) fn queue() -> *mut bindings::workqueue_struct {
    QUEUE.load(Relaxed)
}

/// The queue; there is one.
pub(crate) struct Queue(NonNull<bindings::workqueue_struct>);

// SAFETY: A work queue may be used from any thread.
unsafe impl Send for Queue {}
// SAFETY: As above.
unsafe impl Sync for Queue {}

impl Queue {
    pub(crate) fn new() -> Result<Self> {
        let flags = bindings::wq_flags_WQ_UNBOUND | bindings::wq_flags_WQ_FREEZABLE;
        // SAFETY: The name is static, and has nothing to fill in.
        let queue =
            unsafe { bindings::alloc_workqueue_noprof(c"accelerator".as_char_ptr(), flags, 0) };
        let queue = NonNull::new(queue).ok_or(ENOMEM)?;
        // Relaxed is enough: whoever uses it has a device, which comes later.
        QUEUE.store(queue.as_ptr(), Relaxed);
        Ok(Self(queue))
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: It was allocated by `new()`; without devices, nobody uses it.
        unsafe { bindings::destroy_workqueue(self.0.as_ptr()) };
    }
}
