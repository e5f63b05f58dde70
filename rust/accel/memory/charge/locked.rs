// SPDX-License-Identifier: GPL-2.0

//! Pages that are locked for a user.

use core::ptr::NonNull;
use kernel::{
    bindings,
    current,
    error::from_err_ptr,
    ffi::{
        c_long,
        c_ulong, //
    },
    mm::Mm,
    prelude::*,
    sync::aref::ARef, //
};

#[allow(
    improper_ctypes,
    reason = "without lockdep, `struct lockdep_map` is empty, which the kernel's compilers agree on"
)]
extern "C" {
    fn accel_helper_count_pinned(mm: *mut bindings::mm_struct, pages: c_long);
    fn accel_helper_lock_pages(pages: c_ulong) -> *mut bindings::user_struct;
    fn accel_helper_unlock_pages(user: *mut bindings::user_struct, pages: c_ulong);
}

/// Pages that a process has pinned. They count as locked by its user, until this is dropped: also
/// when the process has ended.
///
/// # Invariants
///
/// `pages` pages are counted for `mm`, and for `user`, to which there is a reference.
pub(crate) struct LockedPages {
    /// `None` if the process may lock any number.
    user: Option<NonNull<bindings::user_struct>>,
    mm: ARef<Mm>,
    pages: usize,
}

// SAFETY: Users are reference-counted and may be used from any thread.
unsafe impl Send for LockedPages {}
// SAFETY: As above.
unsafe impl Sync for LockedPages {}

impl LockedPages {
    /// Counts `pages` pages for the current process and its user. Returns `ENOMEM` if the user has
    /// locked more than `RLIMIT_MEMLOCK` then, unless the process has `CAP_IPC_LOCK`.
    pub(crate) fn new(pages: usize) -> Result<Self> {
        let mm: ARef<Mm> = (&**current!().mm().ok_or(EINVAL)?).into();
        // SAFETY: May be called in process context.
        let user = from_err_ptr(unsafe { accel_helper_lock_pages(pages) })?;
        // SAFETY: The address space is valid. CAST: No process has as many pages.
        unsafe { accel_helper_count_pinned(mm.as_raw(), pages as c_long) };
        // INVARIANT: They were just counted, and the function has taken a reference.
        Ok(Self {
            user: NonNull::new(user),
            mm,
            pages,
        })
    }

    /// Returns the address space of the process.
    pub(crate) fn mm(&self) -> &ARef<Mm> {
        &self.mm
    }

    /// Returns whether it is the current process that has pinned them.
    pub(crate) fn are_of_current(&self) -> bool {
        let current = current!();
        let mm = current.mm().map(|mm| mm.as_raw());
        mm == Some(self.mm.as_raw())
    }
}

impl Drop for LockedPages {
    fn drop(&mut self) {
        // SAFETY: By the type invariants they are counted. CAST: As in `new()`.
        unsafe { accel_helper_count_pinned(self.mm.as_raw(), -(self.pages as c_long)) };
        if let Some(user) = self.user {
            // SAFETY: As above, with a reference.
            unsafe { accel_helper_unlock_pages(user.as_ptr(), self.pages) };
        }
    }
}
