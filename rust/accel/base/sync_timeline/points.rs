// SPDX-License-Identifier: GPL-2.0

//! Points that are submitted.
//!
//! Those that user space has signalled, and those that work will signal, are of different types,
//! and only the latter have a fence. Nothing at all stands for a point that is not submitted, since
//! user space may never signal it: so nobody can make a fence of one, or wait for it by a fence.

use core::ptr::NonNull;
use kernel::{
    bindings,
    container_of,
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

use super::SyncTimeline;
use crate::{
    base::fence::Fence,
    sys::ffi, //
};

/// A point that user space has signalled, behind work that is under way.
pub(super) struct UserPoint(());

impl UserPoint {
    /// To be called for user space that signals the point now.
    pub(super) fn signalled() -> Self {
        Self(())
    }
}

/// A point that is signalled when a fence is. Tells its timeline when that happens.
///
/// # Invariants
///
/// `timeline` is valid as long as this exists. `cb` is a callback of `fence`, or was one until that
/// was signalled.
#[pin_data(PinnedDrop)]
pub(super) struct WorkPoint {
    fence: ARef<Fence>,
    timeline: NonNull<SyncTimeline>,
    #[pin]
    cb: Opaque<bindings::dma_fence_cb>,
}

// SAFETY: The C structure is only used while the fence is locked, and a timeline may be used from
// any thread.
unsafe impl Send for WorkPoint {}

impl WorkPoint {
    /// Makes a point of `timeline` that `fence` signals.
    ///
    /// # Safety
    ///
    /// The result must be dropped before `timeline` is.
    pub(super) unsafe fn new(
        timeline: &SyncTimeline,
        fence: ARef<Fence>,
    ) -> Result<Pin<KBox<Self>>> {
        let timeline = NonNull::from(timeline);
        // INVARIANT: The caller keeps the timeline; the callback is added by `add()`.
        let point = KBox::pin_init(
            pin_init!(Self {
                fence,
                timeline,
                cb <- Opaque::zeroed(),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        point.as_ref().add();
        Ok(point)
    }

    /// Adds the callback. If the fence is signalled already, it is never called.
    fn add(self: Pin<&Self>) {
        // SAFETY: The fence is valid; the structure is pinned, and is taken back before it is
        // freed. The module stays as long as there is a callback. INVARIANT: The function
        // initialises the structure in any case.
        unsafe {
            ffi::accel_helper_module_get();
            let cb = self.cb.get();
            bindings::dma_fence_add_callback(self.fence.as_raw(), cb, Some(signalled));
        }
    }

    /// Returns the fence.
    pub(super) fn fence(&self) -> &ARef<Fence> {
        &self.fence
    }
}

#[pinned_drop]
impl PinnedDrop for WorkPoint {
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
/// To be called by the fence framework, for a callback of [`WorkPoint`].
unsafe extern "C" fn signalled(_fence: *mut bindings::dma_fence, cb: *mut bindings::dma_fence_cb) {
    // SAFETY: The callback is part of a `WorkPoint`, which cannot be dropped meanwhile: for that it
    // needs the lock of the fence, which is held. By its type invariants, neither is its timeline.
    let timeline = unsafe {
        let point = container_of!(Opaque::cast_from(cb), WorkPoint, cb);
        (*point).timeline.as_ref()
    };
    timeline.advance();
}

/// A point that is submitted.
pub(super) enum SubmittedPoint {
    User(UserPoint),
    Work(Pin<KBox<WorkPoint>>),
}

impl SubmittedPoint {
    /// Returns how its work has ended; `None` if it has not.
    pub(super) fn result(&self) -> Option<Result> {
        match self {
            Self::User(UserPoint(())) => Some(Ok(())),
            Self::Work(point) => point.fence.peek_status(),
        }
    }
}
