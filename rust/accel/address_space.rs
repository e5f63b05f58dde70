// SPDX-License-Identifier: GPL-2.0

//! The address space of a device: what processes have mapped of it and of its buffers.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*, //
};

use crate::ffi;

/// What the files of a device map, whichever inode they were opened by. So all mappings of a device
/// can be found, and those of no other.
///
/// # Invariants
///
/// Owns an inode of [`ffi::accel_inode_new`].
pub(crate) struct AddressSpace(NonNull<bindings::inode>);

// SAFETY: An address space has locks of its own, and may be used from any thread.
unsafe impl Send for AddressSpace {}
// SAFETY: As above.
unsafe impl Sync for AddressSpace {}

impl AddressSpace {
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: May be called in process context.
        let inode = from_err_ptr(unsafe { ffi::accel_inode_new() })?;
        // INVARIANT: The inode was just made.
        Ok(Self(NonNull::new(inode).ok_or(ENOMEM)?))
    }

    /// Returns the C side.
    pub(crate) fn as_raw(&self) -> *mut bindings::address_space {
        // SAFETY: The inode is valid by the type invariants; its mapping stays the same.
        unsafe { (*self.0.as_ptr()).i_mapping }
    }

    /// Takes `pages` pages from number `first` of the files on out of all mappings. They can come
    /// back by page faults.
    pub(crate) fn unmap(&self, first: usize, pages: usize) {
        // SAFETY: The address space is valid as long as the inode is.
        unsafe { bindings::unmap_mapping_pages(self.as_raw(), first, pages, true) };
    }

    /// Takes all pages out of all mappings. They can come back by page faults.
    pub(crate) fn unmap_all(&self) {
        // SAFETY: The address space is valid as long as the inode is.
        unsafe { bindings::unmap_mapping_range(self.as_raw(), 0, 0, 1) };
    }
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the inode is ours, and is given up. A file that maps the
        // address space refers to this.
        unsafe { ffi::accel_inode_free(self.0.as_ptr()) };
    }
}
