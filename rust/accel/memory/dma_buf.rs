// SPDX-License-Identifier: GPL-2.0

//! A reference to a dma-buf, whoever has exported it, and objects that are behind one.

mod cpu;
pub(in crate::memory) mod export;
pub(in crate::memory) mod import;

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::from_err_ptr,
    ffi::c_int,
    fs::{
        file::flags,
        File, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    }, //
};

pub(super) use self::cpu::KernelMapping;

use self::export::object_behind;
use super::object::{
    Backing,
    Object, //
};
use crate::{
    base::fence::{
        dma_resv::DmaResv,
        Fence, //
    },
    sys::ffi, //
};

/// A reference to a dma-buf.
///
/// # Invariants
///
/// Owns a reference to a valid dma-buf.
pub(crate) struct DmaBuf(NonNull<bindings::dma_buf>);

// SAFETY: A dma-buf may be used from any thread.
unsafe impl Send for DmaBuf {}
// SAFETY: As above.
unsafe impl Sync for DmaBuf {}

impl DmaBuf {
    /// Returns the dma-buf of a descriptor: `EBADF` if there is no such descriptor, `EINVAL` if it
    /// is of something else.
    pub(crate) fn from_fd(fd: c_int) -> Result<Self> {
        // SAFETY: Any descriptor may be tried.
        let dmabuf = from_err_ptr(unsafe { bindings::dma_buf_get(fd) })?;
        // INVARIANT: The function returns a reference.
        Ok(Self(NonNull::new(dmabuf).ok_or(EINVAL)?))
    }

    /// Takes over a reference, unless it is null.
    ///
    /// # Safety
    ///
    /// `dmabuf` must be null, or a reference to a valid dma-buf.
    pub(super) unsafe fn from_raw(dmabuf: *mut bindings::dma_buf) -> Option<Self> {
        // INVARIANT: Same as the safety requirements.
        NonNull::new(dmabuf).map(Self)
    }

    pub(super) fn as_non_null(&self) -> NonNull<bindings::dma_buf> {
        self.0
    }

    pub(super) fn as_raw(&self) -> *mut bindings::dma_buf {
        self.0.as_ptr()
    }

    /// Returns a number that no other dma-buf has as long as this one is there.
    pub(crate) fn identity(&self) -> usize {
        self.as_raw().addr()
    }

    /// Returns its size in bytes.
    pub(crate) fn size(&self) -> usize {
        // SAFETY: Valid by the type invariants; the size does not change.
        unsafe { (*self.as_raw()).size }
    }

    /// Returns the fences of those who work on the memory.
    pub(crate) fn reservation(&self) -> &DmaResv {
        // SAFETY: Valid by the type invariants; it stays the same, and is there as long.
        unsafe { DmaResv::from_raw((*self.as_raw()).resv) }
    }

    /// Returns whether who has its descriptor may write to the memory.
    pub(crate) fn is_writable(&self) -> bool {
        // SAFETY: By the type invariants there is a reference, which is one to its file.
        let file = unsafe { File::from_raw_file((*self.as_raw()).file) };
        file.flags() & flags::O_ACCMODE != flags::O_RDONLY
    }

    /// Returns whether its exporter wants to know when the processor accesses the memory.
    pub(super) fn is_told_of_access(&self) -> bool {
        // SAFETY: Valid by the type invariants; the operations do not change.
        let ops = unsafe { &*(*self.as_raw()).ops };
        ops.begin_cpu_access.is_some() || ops.end_cpu_access.is_some()
    }

    /// Has processes map it in an address space that is not its own.
    ///
    /// # Safety
    ///
    /// Nobody else may have the dma-buf yet, and `mapping` must be there as long as it is.
    pub(super) unsafe fn set_mapping(&self, mapping: *mut bindings::address_space) {
        // SAFETY: By the type invariants there is a reference, which is one to its file. The caller
        // guarantees the rest.
        unsafe { (*(*self.as_raw()).file).f_mapping = mapping };
    }
}

impl Clone for DmaBuf {
    fn clone(&self) -> Self {
        // SAFETY: Valid by the type invariants.
        unsafe { ffi::accel_helper_get_dma_buf(self.as_raw()) };
        // INVARIANT: The reference was just taken.
        Self(self.0)
    }
}

impl Drop for DmaBuf {
    fn drop(&mut self) {
        // SAFETY: By the type invariants there is a reference, which is given up.
        unsafe { bindings::dma_buf_put(self.as_raw()) };
    }
}

impl Object {
    /// Returns a fence that is signalled when all have finished whom one has to wait for who
    /// accesses the memory; who only reads, for those who write. Returns `ENODEV` if it was
    /// imported, and that has ended, and `ENOMEM`.
    #[inline(never)]
    pub(crate) fn pending(&self, writes: bool) -> Result<Option<ARef<Fence>>> {
        match self.backing() {
            Backing::Imported(import) => import.dma_buf()?.reservation().pending(writes),
            _ => self.reservation().pending(writes),
        }
    }

    /// Returns whether it is memory of a dma-buf of somebody else.
    pub(crate) fn is_imported(&self) -> bool {
        matches!(self.backing(), Backing::Imported(_))
    }

    /// Returns the dma-buf that it was imported by, if it was. Returns `ENODEV` if that has ended.
    pub(crate) fn imported(&self) -> Result<Option<DmaBuf>> {
        match self.backing() {
            Backing::Imported(import) => import.dma_buf().map(Some),
            _ => Ok(None),
        }
    }

    /// Returns the object whose memory it is: for what was imported from another device of ours,
    /// that which was exported there. Returns `ENODEV` if the import has ended.
    pub(super) fn source(self: &Arc<Self>) -> Result<Arc<Self>> {
        let Backing::Imported(import) = self.backing() else {
            return Ok(self.clone());
        };
        let dmabuf = import.dma_buf()?;
        Ok(object_behind(&dmabuf).unwrap_or_else(|| self.clone()))
    }
}
