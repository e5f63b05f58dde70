// SPDX-License-Identifier: GPL-2.0

//! What the processor does with dma-bufs of others, on behalf of drivers.
//!
//! Who asks for it is inside the gate of a device. So nothing here waits for a fence, nor for
//! those who have a reservation locked while they wait for one.

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::to_result,
    impl_has_work, new_work,
    prelude::*,
    workqueue::{
        Work,
        WorkItem, //
    },
};

use super::DmaBuf;
use crate::base::queue;

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
pub(in crate::memory) struct KernelMapping(Option<Pin<KBox<Vmapped>>>);

impl KernelMapping {
    /// Returns where it is, and whether it is to be accessed as I/O memory.
    pub(in crate::memory) fn address(&self) -> Result<(NonNull<c_void>, bool)> {
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
        queue::exporters().enqueue(vmapped);
    }
}

impl DmaBuf {
    /// Maps it for the kernel. While others have its reservation locked, `check` is asked again and
    /// again.
    ///
    /// Returns `EOPNOTSUPP` if the exporter does not let the kernel access it.
    pub(in crate::memory) fn vmap(&self, check: impl Fn() -> Result) -> Result<KernelMapping> {
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
