// SPDX-License-Identifier: GPL-2.0

//! Implicit fences: those that come with the memory that the work is on.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::aref::ARef, //
};

use super::Fence;

/// Adds `fence` to a reservation object, for everybody who is about to use its memory. `usage` says
/// what the work of the fence does with it, `DMA_RESV_USAGE_*`.
///
/// May sleep for the lock of the object. Returns `ENOMEM`.
///
/// # Safety
///
/// The object must be valid, and must not be locked by the caller.
pub(crate) unsafe fn add_to(
    resv: *mut bindings::dma_resv,
    fence: &Fence,
    usage: bindings::dma_resv_usage,
) -> Result {
    // SAFETY: The caller guarantees that the object is valid. Without others to be locked with it,
    // there is no context, and locking does not fail. There is room for the fence when it is added.
    unsafe {
        bindings::dma_resv_lock(resv, core::ptr::null_mut());
        let reserved = to_result(bindings::dma_resv_reserve_fences(resv, 1));
        if reserved.is_ok() {
            bindings::dma_resv_add_fence(resv, fence.as_raw(), usage);
        }
        bindings::dma_resv_unlock(resv);
        reserved
    }
}

/// Returns a fence that is signalled when all work is done that `usage`, `DMA_RESV_USAGE_*`, has to
/// wait for; `None` if there is none. Returns `ENOMEM`.
///
/// # Safety
///
/// The object must be valid, and must not be locked by the caller.
pub(crate) unsafe fn pending_of(
    resv: *mut bindings::dma_resv,
    usage: bindings::dma_resv_usage,
) -> Result<Option<ARef<Fence>>> {
    let mut fence = core::ptr::null_mut();
    // SAFETY: The caller guarantees that the object is valid.
    to_result(unsafe { bindings::dma_resv_get_singleton(resv, usage, &mut fence) })?;
    // SAFETY: The function returns a reference, if anything. INVARIANT: It is a valid fence.
    Ok(NonNull::new(fence).map(|fence| unsafe { ARef::from_raw(fence.cast()) }))
}
