// SPDX-License-Identifier: GPL-2.0

//! A dma-buf, whoever has exported it, and its memory in the address space of the kernel.
//!
//! Who maps it for the kernel is inside the gate of a device. So nothing here waits for a fence,
//! nor for those who have a reservation locked while they wait for one.

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
    impl_has_work, new_work,
    prelude::*,
    workqueue::{
        Work,
        WorkItem, //
    },
};

use crate::{
    base::{
        fence::dma_resv::DmaResv,
        queue, //
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

/// A dma-buf in the address space of the kernel.
///
/// # Invariants
///
/// `map` is what `dma_buf_vmap()` has returned for `dmabuf`, and has not been taken back.
#[pin_data]
struct Vmapped {
    dmabuf: DmaBuf,
    map: bindings::iosys_map,
    #[pin]
    unmap: Work<Self>,
}

// SAFETY: What is not `Send` by itself is an address of the kernel, which is the same for all.
unsafe impl Send for Vmapped {}

impl_has_work! {
    impl HasWork<Self> for Vmapped { self.unmap }
}

impl Vmapped {
    /// Takes the mapping back. The reservation must be locked.
    fn unmap(mut self: Pin<KBox<Self>>) {
        let this = self.as_mut().project();
        // SAFETY: By the type invariants it is mapped so; and not any more, as `self` is consumed.
        unsafe { bindings::dma_buf_vunmap(this.dmabuf.as_raw(), this.map) };
    }
}

impl WorkItem for Vmapped {
    type Pointer = Pin<KBox<Self>>;

    fn run(this: Pin<KBox<Self>>) {
        let dmabuf = this.dmabuf.clone();
        let _locked = dmabuf.reservation().lock();
        this.unmap();
    }
}

/// A mapping of a dma-buf for the kernel, until this is dropped.
//
// There is one until `drop()` takes it.
pub(crate) struct KernelMapping(Option<Pin<KBox<Vmapped>>>);

impl KernelMapping {
    /// Returns where it is, and whether it is to be accessed as I/O memory.
    pub(crate) fn address(&self) -> Result<(NonNull<c_void>, bool)> {
        let map = self.0.as_ref().ok_or(EINVAL)?.map;
        // SAFETY: Both members are addresses, of which `is_iomem` only tells the kind.
        let address = NonNull::new(unsafe { map.__bindgen_anon_1.vaddr });
        Ok((address.ok_or(ENOMEM)?, map.is_iomem))
    }
}

impl Drop for KernelMapping {
    fn drop(&mut self) {
        let Some(vmapped) = self.0.take() else {
            return;
        };
        let dmabuf = vmapped.dmabuf.clone();
        if let Some(_locked) = dmabuf.reservation().try_lock() {
            return vmapped.unmap();
        }
        // Who drops it may hold up those whom it would have to wait for.
        queue::ordinary().enqueue(vmapped);
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
        // There must be a way back, which needs memory.
        let mut map = bindings::iosys_map::default();
        let room = KBox::<Vmapped>::new_uninit(GFP_KERNEL_ACCOUNT)?;
        let locked = self.reservation().lock_while(check)?;
        // SAFETY: As above; the reservation is locked.
        to_result(unsafe { bindings::dma_buf_vmap(self.as_raw(), &mut map) })?;
        drop(locked);
        // INVARIANT: It was just mapped.
        let vmapped = room.write_pin_init(pin_init!(Vmapped {
            dmabuf: self.clone(),
            map,
            unmap <- new_work!("accel_vunmap"),
        }))?;
        Ok(KernelMapping(Some(vmapped)))
    }
}
