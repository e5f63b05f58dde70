// SPDX-License-Identifier: GPL-2.0

//! Waiting for fences, whosever they are.

use kernel::{
    bindings,
    container_of,
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

use crate::{
    base::{
        fence::Fence,
        wait::WaitQueue, //
    },
    device::Core,
    sys::ffi, //
};

/// Who is notified when a fence is signalled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallbackTarget {
    /// The waiters for it.
    Waiter,
    /// The driver.
    Driver,
}

/// Tells a driver that a fence is signalled, as long as this exists: calls
/// [`WorkOps::background`](crate::WorkOps::background), soon after it happens, or soon
/// after this was made if it has happened before. Nobody has to sleep for that.
///
/// Not to be dropped in interrupt context.
///
/// # Invariants
///
/// `cb` is a callback of `fence`, or was one until that was signalled.
#[pin_data(PinnedDrop)]
pub struct FenceCallback {
    fence: ARef<Fence>,
    core: ARef<Core>,
    target: CallbackTarget,
    /// The waiters for it.
    #[pin]
    wait: WaitQueue,
    #[pin]
    cb: Opaque<bindings::dma_fence_cb>,
}

// SAFETY: The C structure is only used while the fence is locked.
unsafe impl Send for FenceCallback {}
// SAFETY: As above.
unsafe impl Sync for FenceCallback {}

impl FenceCallback {
    /// Notifies `target` when `fence` is signalled.
    pub(crate) fn with(
        core: &Core,
        fence: ARef<Fence>,
        target: CallbackTarget,
    ) -> impl PinInit<Self> {
        let core = ARef::from(core);
        pin_init!(&this in Self {
            fence,
            core,
            target,
            wait <- WaitQueue::new(),
            cb <- Opaque::zeroed(),
            _: {
                // SAFETY: All fields are initialised, and pinned.
                unsafe { Pin::new_unchecked(this.as_ref()) }.add();
            },
        })
    }

    /// Adds the callback, whose function is to be that of this module.
    #[inline(never)]
    fn add(self: Pin<&Self>) {
        // SAFETY: The fence is valid; the structure is pinned, and is taken back before it is
        // freed. If it is forgotten instead, the module stays, as it does while there is a
        // callback. INVARIANT: The function initialises the structure in any case.
        let ret = unsafe {
            ffi::accel_helper_module_get();
            let cb = self.cb.get();
            bindings::dma_fence_add_callback(self.fence.as_raw(), cb, Some(signalled))
        };
        // It is signalled already.
        if ret != 0 {
            self.notify();
        }
    }

    /// Returns the queue in which a [`CallbackTarget::Waiter`] waits.
    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.wait
    }

    /// Returns the fence.
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    fn notify(&self) {
        match self.target {
            CallbackTarget::Waiter => self.wait.wake_all(),
            CallbackTarget::Driver => self.core.queue_background(),
        }
    }
}

#[pinned_drop]
impl PinnedDrop for FenceCallback {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants this is, or was, a callback of this fence. Afterwards it
        // neither runs nor will, so the reference that `add()` has taken can go.
        unsafe {
            bindings::dma_fence_remove_callback(self.fence.as_raw(), self.cb.get());
            ffi::accel_helper_module_put();
        }
    }
}

/// Takes note that a fence is signalled.
///
/// # Safety
///
/// To be called by the fence framework, for a callback of [`FenceCallback`].
unsafe extern "C" fn signalled(_fence: *mut bindings::dma_fence, cb: *mut bindings::dma_fence_cb) {
    // SAFETY: The callback is part of a `FenceCallback`, which cannot be dropped meanwhile: for
    // that it needs the lock of the fence, which is held.
    let callback = unsafe { &*container_of!(Opaque::cast_from(cb), FenceCallback, cb) };
    callback.notify();
}
