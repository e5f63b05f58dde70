// SPDX-License-Identifier: GPL-2.0

//! A dma-buf, whoever has exported it, and its memory in the address space of the kernel.
//!
//! Who maps it for the kernel, or ends that, waits for the exporter, and for those who have the
//! reservation locked, who may wait for fences. So nobody does inside the gate of a device.

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::c_int,
    fs::{
        file::flags,
        File, //
    },
    prelude::*, //
};

use crate::{
    base::fence::dma_resv::DmaResv,
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
    pub(crate) unsafe fn from_raw(dmabuf: *mut bindings::dma_buf) -> Option<Self> {
        // INVARIANT: Same as the safety requirements.
        NonNull::new(dmabuf).map(Self)
    }

    pub(crate) fn as_non_null(&self) -> NonNull<bindings::dma_buf> {
        self.0
    }

    pub(crate) fn as_raw(&self) -> *mut bindings::dma_buf {
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
    pub(crate) fn is_told_of_access(&self) -> bool {
        // SAFETY: Valid by the type invariants; the operations do not change.
        let ops = unsafe { &*(*self.as_raw()).ops };
        ops.begin_cpu_access.is_some() || ops.end_cpu_access.is_some()
    }

    /// Has processes map it in an address space that is not its own.
    ///
    /// # Safety
    ///
    /// Nobody else may have the dma-buf yet, and `mapping` must be there as long as it is.
    pub(crate) unsafe fn set_mapping(&self, mapping: *mut bindings::address_space) {
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

/// A mapping of a dma-buf for the kernel, until this is dropped.
///
/// # Invariants
///
/// `map` is what `dma_buf_vmap()` has returned for `dmabuf`, and has not been taken back.
pub(crate) struct KernelMapping {
    dmabuf: DmaBuf,
    map: bindings::iosys_map,
}

// SAFETY: What is not `Send` by itself is an address of the kernel, which is the same for all.
unsafe impl Send for KernelMapping {}

impl KernelMapping {
    /// Returns where it is, and whether it is to be accessed as I/O memory.
    pub(crate) fn address(&self) -> Result<(NonNull<c_void>, bool)> {
        // SAFETY: Both members are addresses, of which `is_iomem` only tells the kind.
        let address = NonNull::new(unsafe { self.map.__bindgen_anon_1.vaddr });
        Ok((address.ok_or(ENOMEM)?, self.map.is_iomem))
    }
}

impl Drop for KernelMapping {
    fn drop(&mut self) {
        let _locked = self.dmabuf.reservation().lock();
        // SAFETY: By the type invariants it is mapped so; the reservation is locked.
        unsafe { bindings::dma_buf_vunmap(self.dmabuf.as_raw(), &mut self.map) };
    }
}

impl DmaBuf {
    /// Maps it for the kernel. While others have its reservation locked, `check` is asked again and
    /// again.
    ///
    /// Returns `EOPNOTSUPP` if the exporter does not let the kernel access it.
    pub(crate) fn vmap(&self, check: impl Fn() -> Result) -> Result<KernelMapping> {
        // SAFETY: The dma-buf is valid by the type invariants of `DmaBuf`.
        if unsafe { (*(*self.as_raw()).ops).vmap.is_none() } {
            return Err(EOPNOTSUPP);
        }
        let mut map = bindings::iosys_map::default();
        let _locked = self.reservation().lock_while(check)?;
        // SAFETY: As above; the reservation is locked.
        to_result(unsafe { bindings::dma_buf_vmap(self.as_raw(), &mut map) })?;
        // INVARIANT: It was just mapped.
        Ok(KernelMapping {
            dmabuf: self.clone(),
            map,
        })
    }
}
