// SPDX-License-Identifier: GPL-2.0

//! Buffers in the address space of a process.
//!
//! Other than a mapping of the device itself, that of system memory belongs to the process: it
//! refers to the memory, does not pass the gate, and stays when the device goes.

use kernel::{
    bindings,
    error::to_result,
    ffi::c_uint,
    mm::virt::VmaNew,
    page::PAGE_SHIFT,
    prelude::*,
    sync::Arc,
    types::ForeignOwnable, //
};

use super::{
    borrowers::Borrowers,
    movable::Movable,
    object::Backing,
    Handles,
    Object, //
};
use crate::{
    memory::{
        dma_buf::DmaBuf,
        pages::{
            Pages,
            Surroundings, //
        }, //
    },
    sys::ffi::{
        self,
        Shared, //
    }, //
};

static VM_OPS: Shared<bindings::vm_operations_struct> =
    Shared::new(bindings::vm_operations_struct {
        open: Some(open),
        close: Some(close),
        fault: Some(fault),
        huge_fault: Some(huge_fault),
        access: Some(ffi::accel_vma_access),
        ..pin_init::zeroed()
    });

/// Pages of a dma-buf, which its exporter maps for processes.
pub(crate) struct ForeignPages {
    dmabuf: DmaBuf,
    first: usize,
}

impl ForeignPages {
    /// Has the exporter map as many as `area` is large. It may take its time for that, so the
    /// caller is outside of the gate.
    pub(crate) fn mmap(self, area: &VmaNew) -> Result {
        // SAFETY: The area is just being set up, and lies within the dma-buf.
        to_result(unsafe {
            bindings::dma_buf_mmap(self.dmabuf.as_raw(), area.as_ptr(), self.first)
        })
    }
}

/// Maps one of `handles`, that which has page `first` of the file; or returns the pages that are to
/// be mapped, if they are not its own.
pub(crate) fn mmap(handles: &Handles, area: &VmaNew, first: usize) -> Result<Option<ForeignPages>> {
    let pages = (area.end() - area.start()) >> PAGE_SHIFT;
    let (view, page) = handles.at(first, pages)?;
    if !view.is_writable() {
        area.try_clear_maywrite().map_err(|_| EACCES)?;
    }
    match view.object.backing() {
        // Before the area refers to the object: if this fails, nobody gives that up.
        Backing::System(of_system) if view.object.is_populated() => {
            populate(area, of_system, page, pages)?;
        }
        Backing::Coherent(memory) => memory.check_shareable()?,
        // Its exporter has its own way to map it.
        Backing::Imported(import) => {
            return Ok(Some(ForeignPages {
                dmabuf: import.dma_buf()?,
                first: page,
            }));
        }
        // The process has it mapped already.
        #[cfg(CONFIG_MMU_NOTIFIER)]
        Backing::User(_) => return Err(EOPNOTSUPP),
        _ => (),
    }
    set_up(area, view.object.clone());
    Ok(None)
}

/// Brings all pages of an area that is to show `memory` from page `first` on, or none if that
/// fails. Other than memory of a device, that of the system needs not be taken away again.
fn populate(area: &VmaNew, memory: &Pages, first: usize, pages: usize) -> Result {
    let vma = area.as_ptr();
    let populated = memory.for_each_run(first, pages, |before, pfn, count| {
        let address = area.start() + (before << PAGE_SHIFT);
        // SAFETY: The area is just being set up, and is shared; the pages stay where they are
        // while it refers to the object.
        to_result(unsafe {
            let prot = (*vma).vm_page_prot;
            bindings::remap_pfn_range(vma, address, pfn, count << PAGE_SHIFT, prot)
        })
    });
    populated.inspect_err(|_| {
        // The pages of the runs before could be freed as soon as this returns, as the area does
        // not refer to them yet.
        //
        // SAFETY: The area is just being set up, and consists of pages that are mapped by their
        // numbers.
        unsafe { bindings::zap_special_vma_range(vma, area.start(), pages << PAGE_SHIFT) };
    })
}

/// Maps what `area` covers of the range of `object`, which has one. The area must be shared.
pub(super) fn set_up(area: &VmaNew, object: Arc<Object>) {
    let vma = area.as_ptr();
    // SAFETY: The area is just being set up. It is shared, so it can consist of pages that are
    // mapped by their numbers.
    unsafe {
        match object.backing() {
            Backing::Device(memory) if memory.io().is_some() => {
                ffi::accel_helper_vma_set_io_memory(vma);
            }
            Backing::Coherent(memory) => memory.prepare(vma),
            _ => ffi::accel_helper_vma_set_memory(vma),
        }
        (*vma).vm_private_data = object.into_foreign();
        (*vma).vm_ops = VM_OPS.get();
    }
}

/// Takes note that an area was copied, to a child or by being split.
///
/// # Safety
///
/// To be called by the memory management, for an area that [`mmap`] has set up.
unsafe extern "C" fn open(vma: *mut bindings::vm_area_struct) {
    // SAFETY: The original holds a reference to the object; the copy has the same pointer, and now
    // gets a reference of its own.
    unsafe {
        let object = Arc::<Object>::borrow((*vma).vm_private_data);
        (*vma).vm_private_data = Arc::from(object).into_foreign();
    }
}

/// Takes note that an area is gone.
///
/// # Safety
///
/// To be called by the memory management, once for each area.
unsafe extern "C" fn close(vma: *mut bindings::vm_area_struct) {
    // SAFETY: Each area has a reference to the object, which is given up here.
    drop(unsafe { Arc::<Object>::from_foreign((*vma).vm_private_data) });
}

/// What a page fault has to wait for.
enum FaultWait {
    /// The buffer is being moved.
    Move(Arc<Movable>),
    /// The device is being reset.
    Reset(Arc<Borrowers>),
}

/// Faults a page of a mapping in, or returns `SIGBUS` if it was memory of a device that is gone or
/// wedged.
///
/// # Safety
///
/// To be called by the memory management, for an area that [`mmap`] has set up.
unsafe extern "C" fn fault(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
    // SAFETY: Same requirements.
    unsafe { huge_fault(vmf, 0) }
}

/// As [`fault`], for a large page of `1 << order` pages: all of it, or `FALLBACK`.
///
/// # Safety
///
/// As for [`fault`].
unsafe extern "C" fn huge_fault(
    vmf: *mut bindings::vm_fault,
    order: c_uint,
) -> bindings::vm_fault_t {
    // SAFETY: The fault is valid.
    if order != 0 && !unsafe { ffi::accel_helper_is_huge_fault(vmf, order) } {
        return bindings::vm_fault_reason_VM_FAULT_FALLBACK;
    }
    // SAFETY: The memory management passes a valid fault of such an area, which holds a reference
    // to the object.
    let (fault, object) = unsafe {
        let fault = &(*vmf).__bindgen_anon_1;
        let object = Arc::<Object>::borrow((*fault.vma).vm_private_data);
        (fault, object)
    };
    let Some(range) = object.borrowers().range_if_mapped() else {
        return bindings::vm_fault_reason_VM_FAULT_SIGBUS;
    };
    let page = fault.pgoff.wrapping_sub(range.first());

    let result = match object.backing() {
        Backing::Movable(movable) => movable
            // SAFETY: Same requirements; it is not moved meanwhile.
            .try_with(|home| unsafe { fault_in(vmf, order, home, page, true) })
            .unwrap_or_else(|| Err(FaultWait::Move(movable.clone()))),
        // SAFETY: Same requirements; it is never moved.
        _ => unsafe { fault_in(vmf, order, &object, page, false) },
    };
    match result {
        Ok(result) => result,
        // SAFETY: As above.
        Err(wait) => unsafe { fault_slowpath(vmf, wait) },
    }
}

/// Faults in a page of a buffer that is at `home`, and those around it.
///
/// # Safety
///
/// As for [`huge_fault`], on a mapping of the buffer, which must not be moved meanwhile.
unsafe fn fault_in(
    vmf: *mut bindings::vm_fault,
    order: c_uint,
    home: &Object,
    page: usize,
    is_movable: bool,
) -> Result<bindings::vm_fault_t, FaultWait> {
    let Some(around) = home.around(page) else {
        return Ok(bindings::vm_fault_reason_VM_FAULT_SIGBUS);
    };
    // SAFETY: The pages stay where they are while the area refers to the object; before they are
    // moved, or if they are the device's before that is reset or gone, they are taken out again.
    let insert = || unsafe {
        ffi::accel_helper_insert_pages(
            vmf,
            order,
            around.pfn,
            around.before,
            around.after,
            home.is_of_system(),
            is_movable && home.is_on_bus(),
        )
    };
    match home.while_granted(insert) {
        Err(e) if e == EAGAIN => Err(FaultWait::Reset(home.borrowers().clone())),
        result => Ok(result.unwrap_or(bindings::vm_fault_reason_VM_FAULT_SIGBUS)),
    }
}

impl Object {
    /// Returns what is around page `page` in physical memory. Returns `None` if there is no such
    /// page, or if it is not ours to give away.
    fn around(&self, page: usize) -> Option<Surroundings> {
        match self.backing() {
            Backing::System(pages) => pages.around(page),
            Backing::Device(memory) => memory.around(page),
            Backing::Coherent(memory) => memory.around(page),
            // It belongs to somebody else.
            _ => None,
        }
    }
}

/// Handles a page fault that has to wait. The access is to be tried again when the wait is
/// over: it waits without the locks of the address space, if the caller lets it.
///
/// # Safety
///
/// As for [`fault`]. The fault must not be used any more.
#[cold]
unsafe fn fault_slowpath(vmf: *mut bindings::vm_fault, wait: FaultWait) -> bindings::vm_fault_t {
    // SAFETY: The fault is valid, and its locks are held. After this, its area may be gone; what is
    // waited for is not, thanks to the reference.
    if !unsafe { ffi::accel_helper_release_fault_lock(vmf) } {
        return bindings::vm_fault_reason_VM_FAULT_NOPAGE;
    }
    match wait {
        FaultWait::Move(movable) => movable.wait_settled(),
        FaultWait::Reset(borrowers) => borrowers.grant.wait_while_suspended(),
    }
    bindings::vm_fault_reason_VM_FAULT_RETRY
}
