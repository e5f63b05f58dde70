// SPDX-License-Identifier: GPL-2.0

//! Who memory is charged to.
//!
//! What a call allocates with `GFP_KERNEL_ACCOUNT` is charged to the memory control group of the
//! calling process. Where that process is not the owner of the memory, as when a buffer of another
//! process is moved, [`MemoryGroup`] charges the owner. [`LockedPages`] counts pages that stay in
//! memory because a process has pinned them.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    ffi::c_ulong,
    prelude::*, //
};

/// `struct mem_cgroup`, which a kernel without such groups does not have.
#[repr(C)]
struct MemCgroup {
    _opaque: [u8; 0],
}

#[allow(
    improper_ctypes,
    reason = "empty structures, which the kernel's compilers agree on"
)]
extern "C" {
    fn accel_helper_memcg_of_current() -> *mut MemCgroup;
    fn accel_helper_memcg_put(memcg: *mut MemCgroup);
    fn accel_helper_memcg_set_active(memcg: *mut MemCgroup) -> *mut MemCgroup;
    #[cfg(CONFIG_MMU_NOTIFIER)]
    fn accel_helper_lock_pages(pages: c_ulong) -> *mut bindings::user_struct;
    #[cfg(CONFIG_MMU_NOTIFIER)]
    fn accel_helper_unlock_pages(user: *mut bindings::user_struct, pages: c_ulong);
}

/// The memory control group of a process.
///
/// It can be removed meanwhile, as inotify's can: then its parent is charged.
///
/// # Invariants
///
/// The pointer is null, or there is a reference to a valid group.
pub(crate) struct MemoryGroup(*mut MemCgroup);

// SAFETY: Groups are reference-counted and may be used from any thread.
unsafe impl Send for MemoryGroup {}
// SAFETY: As above.
unsafe impl Sync for MemoryGroup {}

impl MemoryGroup {
    /// Returns the group of the current process.
    pub(crate) fn of_current() -> Self {
        // SAFETY: May be called in process context. INVARIANT: The function has taken a reference.
        Self(unsafe { accel_helper_memcg_of_current() })
    }

    /// Charges this group for what `f` allocates in the current thread.
    pub(crate) fn charge<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: By the type invariants the group is valid until the one before is back.
        let before = unsafe { accel_helper_memcg_set_active(self.0) };
        let result = f();
        // SAFETY: Whoever has made this one active keeps it until `f` and this function return.
        unsafe { accel_helper_memcg_set_active(before) };
        result
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { accel_helper_memcg_put(self.0) };
    }
}

/// Pages that count as locked by a user, whichever of the user's processes has pinned them.
///
/// # Invariants
///
/// `pages` pages are counted for `user`, to which there is a reference.
#[cfg(CONFIG_MMU_NOTIFIER)]
pub(crate) struct LockedPages {
    /// `None` if the process that has pinned them may lock any number.
    user: Option<NonNull<bindings::user_struct>>,
    pages: usize,
}

// SAFETY: Users are reference-counted and may be used from any thread.
#[cfg(CONFIG_MMU_NOTIFIER)]
unsafe impl Send for LockedPages {}
// SAFETY: As above.
#[cfg(CONFIG_MMU_NOTIFIER)]
unsafe impl Sync for LockedPages {}

#[cfg(CONFIG_MMU_NOTIFIER)]
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

#[cfg(CONFIG_MMU_NOTIFIER)]
impl Drop for LockedPages {
    fn drop(&mut self) {
        if let Some(user) = self.user {
            // SAFETY: By the type invariants the pages are counted, with a reference.
            unsafe { accel_helper_unlock_pages(user.as_ptr(), self.pages) };
        }
    }
}
