// SPDX-License-Identifier: GPL-2.0

//! Who memory is charged to.
//!
//! What a call allocates with `GFP_KERNEL_ACCOUNT` is charged to the memory control group of the
//! calling process. Where that process is not the owner of the memory, as when a buffer of another
//! process is moved, [`MemoryGroup`] charges the owner. Pages that a process has pinned count as
//! locked by its user: see `user.rs`.

use crate::sys::ffi::{
    self,
    MemCgroup, //
};

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
        // INVARIANT: The function has taken a reference.
        Self(ffi::accel_helper_memcg_of_current())
    }

    /// Charges this group for what `f` allocates in the current thread.
    pub(crate) fn charge<R>(&self, f: impl FnOnce() -> R) -> R {
        // SAFETY: By the type invariants the group is valid until the one before is back.
        let before = unsafe { ffi::accel_helper_memcg_set_active(self.0) };
        let result = f();
        // SAFETY: Whoever has made this one active keeps it until `f` and this function return.
        unsafe { ffi::accel_helper_memcg_set_active(before) };
        result
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { ffi::accel_helper_memcg_put(self.0) };
    }
}
