// SPDX-License-Identifier: GPL-2.0

//! An eventfd of a process, to be signalled.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*, //
};

/// A reference to an eventfd.
///
/// # Invariants
///
/// Owns a reference to a valid `struct eventfd_ctx`.
pub(super) struct EventFd(NonNull<bindings::eventfd_ctx>);

// SAFETY: An eventfd is reference-counted and may be used from any thread.
unsafe impl Send for EventFd {}

impl EventFd {
    /// Returns the eventfd of the current process that has this descriptor; `None` for -1. Returns
    /// `EBADF` if there is none, `EINVAL` if it is something else.
    pub(super) fn get(fd: i32) -> Result<Option<Self>> {
        if fd == -1 {
            return Ok(None);
        }
        // SAFETY: Any number may be tried.
        let context = from_err_ptr(unsafe { bindings::eventfd_ctx_fdget(fd) })?;
        // INVARIANT: The function has taken a reference for us.
        Ok(NonNull::new(context).map(Self))
    }

    /// Adds one to its count. May be called in any context.
    pub(super) fn signal(&self) {
        // SAFETY: The eventfd is valid by the type invariants.
        unsafe { bindings::eventfd_signal_mask(self.0.as_ptr(), 0) };
    }
}

impl Drop for EventFd {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { bindings::eventfd_ctx_put(self.0.as_ptr()) };
    }
}
