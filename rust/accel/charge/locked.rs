// SPDX-License-Identifier: GPL-2.0

//! Pages that are locked for a user.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    ffi::c_ulong,
    prelude::*, //
};

#[allow(
    improper_ctypes,
    reason = "without lockdep, `struct lockdep_map` is empty, which the kernel's compilers agree on"
)]
extern "C" {
    fn accel_helper_lock_pages(pages: c_ulong) -> *mut bindings::user_struct;
    fn accel_helper_unlock_pages(user: *mut bindings::user_struct, pages: c_ulong);
}

/// Pages that count as locked by a user, whichever of the user's processes has pinned them.
///
/// # Invariants
///
/// `pages` pages are counted for `user`, to which there is a reference.
pub(crate) struct LockedPages {
    /// `None` if the process that has pinned them may lock any number.
    user: Option<NonNull<bindings::user_struct>>,
    pages: usize,
}

// SAFETY: Users are reference-counted and may be used from any thread.
unsafe impl Send for LockedPages {}
// SAFETY: As above.
unsafe impl Sync for LockedPages {}

impl LockedPages {
    /// Counts `pages` pages for the user of the current process. Returns `ENOMEM` if the user has
    /// locked more than `RLIMIT_MEMLOCK` then, unless the process has `CAP_IPC_LOCK`.
    pub(crate) fn new(pages: usize) -> Result<Self> {
        // SAFETY: May be called in process context.
        let user = from_err_ptr(unsafe { accel_helper_lock_pages(pages) })?;
        // INVARIANT: They were just counted, and the function has taken a reference.
        Ok(Self {
            user: NonNull::new(user),
            pages,
        })
    }
}

impl Drop for LockedPages {
    fn drop(&mut self) {
        if let Some(user) = self.user {
            // SAFETY: By the type invariants the pages are counted, with a reference.
            unsafe { accel_helper_unlock_pages(user.as_ptr(), self.pages) };
        }
    }
}
