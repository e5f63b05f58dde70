// SPDX-License-Identifier: GPL-2.0

//! Buffers in the address space of the kernel.

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    prelude::*,
    sync::Arc, //
};

use super::Object;
use crate::ffi;

/// A buffer that the kernel can access, until this is dropped.
///
/// Processes and devices may write to the memory at any time, so it can be copied from and to, but
/// there are no references to it.
///
/// # Invariants
///
/// The memory of `object` is mapped at `address`, as a whole.
pub struct VMap {
    object: Arc<Object>,
    address: NonNull<c_void>,
}

// SAFETY: The mapping is the kernel's, whoever accesses it; it is only copied from and to.
unsafe impl Send for VMap {}
// SAFETY: As above.
unsafe impl Sync for VMap {}

/// Maps the memory of `object`.
///
/// # Safety
///
/// The object must be kept until `vunmap()`.
pub(super) unsafe fn map(object: &Object) -> Result<NonNull<c_void>> {
    let pages = object.pages();
    let mut list = KVVec::with_capacity(pages.count(), GFP_KERNEL)?;
    for page in pages.iter() {
        list.push(page, GFP_KERNEL)?;
    }
    // SAFETY: The pages stay as long as the object does.
    unsafe { ffi::vmap(&list) }
}

impl VMap {
    pub(super) fn new(object: Arc<Object>) -> Result<Self> {
        // SAFETY: The object is kept until it is unmapped.
        let address = unsafe { map(&object) }?;
        // INVARIANT: It was just mapped.
        Ok(Self { object, address })
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> usize {
        self.object.size()
    }

    /// Copies the bytes from `offset` on. Returns `EINVAL` if that is not within the buffer.
    pub fn read(&self, offset: usize, to: &mut [u8]) -> Result {
        let from = self.at(offset, to.len())?;
        // SAFETY: Both are valid for that many bytes. It is up to user space what is read if it
        // writes at the same time: the copy is not the compiler's, but a function in C.
        unsafe { bindings::memcpy(to.as_mut_ptr().cast(), from, to.len()) };
        Ok(())
    }

    /// Copies bytes to `offset`. Returns `EINVAL` if that is not within the buffer.
    pub fn write(&self, offset: usize, from: &[u8]) -> Result {
        let to = self.at(offset, from.len())?;
        // SAFETY: As in `read`.
        unsafe { bindings::memcpy(to, from.as_ptr().cast(), from.len()) };
        Ok(())
    }

    /// Returns where `len` bytes from `offset` on are.
    fn at(&self, offset: usize, len: usize) -> Result<*mut c_void> {
        let end = offset.checked_add(len).ok_or(EINVAL)?;
        if end > self.size() {
            return Err(EINVAL);
        }
        Ok(self.address.as_ptr().wrapping_byte_add(offset))
    }
}

impl Drop for VMap {
    fn drop(&mut self) {
        // SAFETY: Mapped by `new()`.
        unsafe { ffi::vunmap(self.address.as_ptr()) };
    }
}
