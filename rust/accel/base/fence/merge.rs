// SPDX-License-Identifier: GPL-2.0

//! Fences of several fences.

use core::ptr::NonNull;
use kernel::{
    bindings,
    prelude::*,
    sync::aref::ARef, //
};

use super::Fence;
use crate::sys::ffi;

impl Fence {
    /// Returns a fence that is signalled when all of `fences` are; with an error if one of them
    /// has failed by then. Returns `ENOMEM`.
    pub(crate) fn all_of(fences: &[ARef<Self>]) -> Result<ARef<Self>> {
        match fences {
            [] => return Self::signalled(),
            [only] => return Ok(only.clone()),
            _ => (),
        }
        let mut raw = KVec::with_capacity(fences.len(), GFP_KERNEL)?;
        for fence in fences {
            raw.push(fence.as_raw(), GFP_KERNEL)?;
        }
        // SAFETY: All of them are valid, and referred to meanwhile.
        let merged = unsafe { ffi::accel_helper_dma_fence_merge(raw.as_mut_ptr(), raw.len()) };
        // SAFETY: The function returns a reference, or null.
        unsafe { Self::from_returned(merged) }
    }

    /// Returns a fence that was signalled long ago. Returns `ENOMEM`.
    pub(crate) fn signalled() -> Result<ARef<Self>> {
        // SAFETY: May be called in process context. It returns a reference.
        unsafe { Self::from_returned(bindings::dma_fence_get_stub()) }
    }

    /// Returns what a C function has returned, or `ENOMEM` if that is null.
    ///
    /// # Safety
    ///
    /// If it is not null, it must be a reference to a fence, which is given up.
    unsafe fn from_returned(raw: *mut bindings::dma_fence) -> Result<ARef<Self>> {
        let fence = NonNull::new(raw).ok_or(ENOMEM)?;
        // SAFETY: Same requirements. INVARIANT: It is a valid fence.
        Ok(unsafe { ARef::from_raw(fence.cast()) })
    }
}
