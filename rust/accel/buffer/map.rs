// SPDX-License-Identifier: GPL-2.0

//! Buffers in the address space of a process.
//!
//! Other than a mapping of the device itself, that of system memory belongs to the process: it
//! refers to the memory, does not pass the gate, and stays when the device goes.

use kernel::{
    bindings,
    error::to_result,
    mm::virt::VmaNew,
    page::PAGE_SHIFT,
    prelude::*,
    sync::{
        Arc,
        SetOnce, //
    },
    types::ForeignOwnable, //
};

use super::{
    dma_buf::DmaBuf,
    movable::Movable,
    object::Backing,
    pages::Pages,
    Handles,
    Object, //
};
use crate::ffi::{
    self,
    Shared, //
};

/// The first page of the file that belongs to buffers. What is before is the driver's.
pub(crate) const FIRST_PAGE: usize = 1 << (40 - PAGE_SHIFT);

static VM_OPS: Shared<bindings::vm_operations_struct> =
    Shared::new(bindings::vm_operations_struct {
        open: Some(open),
        close: Some(close),
        fault: Some(fault),
        access: Some(ffi::accel_vma_access),
        ..pin_init::zeroed()
    });

/// Memory that has a place in a file.
pub(crate) struct View {
    pub(crate) object: Arc<Object>,
    /// The page of the file at which it begins.
    pub(super) first_page: usize,
    /// The dma-buf as which it was exported, if it was: the next export finds it ready.
    pub(super) exported: SetOnce<DmaBuf>,
}

impl View {
    /// Returns `ENOMEM` if the memory cannot take note of its place.
    pub(super) fn new(object: Arc<Object>, first_page: usize) -> Result<Self> {
        if let (Backing::Movable(movable), FIRST_PAGE..) = (object.backing(), first_page) {
            movable.add_place(first_page)?;
        }
        Ok(Self {
            object,
            first_page,
            exported: SetOnce::new(),
        })
    }
}

impl Drop for View {
    fn drop(&mut self) {
        if let (Backing::Movable(movable), FIRST_PAGE..) = (self.object.backing(), self.first_page)
        {
            movable.remove_place(self.first_page);
        }
    }
}

/// Maps one of `handles`, that which has its place at page `first` of the file.
pub(crate) fn mmap(handles: &Handles, area: &VmaNew, first: usize) -> Result {
    let pages = (area.end() - area.start()) >> PAGE_SHIFT;
    let view = handles.at(first, pages)?;
    match view.object.backing() {
        // Before the area refers to the view: if this fails, nobody gives that up.
        Backing::System(of_system) if view.object.is_populated() => {
            populate(area, of_system, first - view.first_page, pages)?;
        }
        Backing::Coherent(memory) => memory.check_shareable()?,
        // Its exporter has its own way to map it.
        Backing::Imported(import) => {
            let dmabuf = import.dma_buf()?;
            let page = first - view.first_page;
            // SAFETY: The area is just being set up, and lies within the dma-buf.
            return to_result(unsafe {
                bindings::dma_buf_mmap(dmabuf.as_raw(), area.as_ptr(), page)
            });
        }
        // The process has it mapped already.
        #[cfg(CONFIG_MMU_NOTIFIER)]
        Backing::User(_) => return Err(EOPNOTSUPP),
        _ => (),
    }
    set_up(area, view);
    Ok(())
}

/// Brings all pages of an area that is to show `memory` from page `first` on, or none if that
/// fails. Other than memory of a device, that of the system needs not be taken away again.
fn populate(area: &VmaNew, memory: &Pages, first: usize, pages: usize) -> Result {
    let vma = area.as_ptr();
    let populated = memory.for_each_run(first, pages, |before, pfn, count| {
        let address = area.start() + (before << PAGE_SHIFT);
        // SAFETY: The area is just being set up, and is shared; the pages stay where they are
        // while it refers to the object, by its view.
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

/// Maps what `area` covers of a file that has `view` in it. The area must be shared.
pub(super) fn set_up(area: &VmaNew, view: Arc<View>) {
    let vma = area.as_ptr();
    // SAFETY: The area is just being set up. It is shared, so it can consist of pages that are
    // mapped by their numbers.
    unsafe {
        match view.object.backing() {
            Backing::Device(memory) if memory.io().is_some() => {
                ffi::accel_helper_vma_set_io_memory(vma);
            }
            Backing::Coherent(memory) => memory.prepare(vma),
            _ => ffi::accel_helper_vma_set_memory(vma),
        }
        (*vma).vm_private_data = view.into_foreign();
        (*vma).vm_ops = VM_OPS.get();
    }
}

/// Takes note that an area was copied, to a child or by being split.
///
/// # Safety
///
/// To be called by the memory management, for an area that [`mmap`] has set up.
unsafe extern "C" fn open(vma: *mut bindings::vm_area_struct) {
    // SAFETY: The original holds a reference to the view; the copy has the same pointer, and now
    // gets a reference of its own.
    unsafe {
        let view = Arc::<View>::borrow((*vma).vm_private_data);
        (*vma).vm_private_data = Arc::from(view).into_foreign();
    }
}

/// Takes note that an area is gone.
///
/// # Safety
///
/// To be called by the memory management, once for each area.
unsafe extern "C" fn close(vma: *mut bindings::vm_area_struct) {
    // SAFETY: Each area has a reference to the view, which is given up here.
    drop(unsafe { Arc::<View>::from_foreign((*vma).vm_private_data) });
}

/// Brings a page of a mapping.
///
/// # Safety
///
/// To be called by the memory management, for an area that [`mmap`] has set up.
unsafe extern "C" fn fault(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
    // SAFETY: The memory management passes a valid fault of such an area, which holds a reference
    // to the view.
    let (fault, view) = unsafe {
        let fault = &(*vmf).__bindgen_anon_1;
        let view = Arc::<View>::borrow((*fault.vma).vm_private_data);
        (fault, view)
    };

    let page = fault.pgoff.wrapping_sub(view.first_page);
    if let Backing::Movable(movable) = view.object.backing() {
        // SAFETY: Same requirements.
        let brought = movable.try_with(|home| unsafe { bring_movable(fault, home, page) });
        return match brought {
            Some(result) => result,
            // SAFETY: As above.
            None => unsafe { fault_later(vmf, movable.clone()) },
        };
    }

    let object = &view.object;
    let Some(pfn) = object.pfn(page) else {
        return bindings::vm_fault_reason_VM_FAULT_SIGBUS;
    };
    // SAFETY: The page stays where it is while the area refers to the object, by its view; if it is
    // the device's, it is taken out again before that is gone.
    let insert = || unsafe { bindings::vmf_insert_pfn(fault.vma, fault.address, pfn) };
    object
        .while_there(insert)
        .unwrap_or(bindings::vm_fault_reason_VM_FAULT_SIGBUS)
}

/// Brings a page of a movable buffer that is at `home`.
///
/// # Safety
///
/// As for [`fault`], on a mapping of the buffer, which must not be moved meanwhile.
unsafe fn bring_movable(
    fault: &bindings::vm_fault__bindgen_ty_1,
    home: &Object,
    page: usize,
) -> bindings::vm_fault_t {
    let Some(pfn) = home.pfn(page) else {
        return bindings::vm_fault_reason_VM_FAULT_SIGBUS;
    };
    let is_io = home.is_on_bus();
    // SAFETY: The page stays where it is while the area refers to the object, by its view; before
    // it is moved, or if it is the device's before that is gone, it is taken out again.
    let insert = || unsafe { ffi::accel_helper_insert_pfn(fault.vma, fault.address, pfn, is_io) };
    home.while_there(insert)
        .unwrap_or(bindings::vm_fault_reason_VM_FAULT_SIGBUS)
}

/// Handles a page fault on a buffer that is being moved. The access is to be tried again when that
/// is over: it waits without the locks of the address space, if the caller lets it.
///
/// # Safety
///
/// As for [`fault`], on a mapping of `movable`. The fault must not be used any more.
#[cold]
unsafe fn fault_later(vmf: *mut bindings::vm_fault, movable: Arc<Movable>) -> bindings::vm_fault_t {
    // SAFETY: The fault is valid, and its locks are held. After this, its area may be gone; what is
    // waited for is not, thanks to the reference.
    if !unsafe { ffi::accel_helper_release_fault_lock(vmf) } {
        return bindings::vm_fault_reason_VM_FAULT_NOPAGE;
    }
    // Whatever the outcome, the next fault finds it.
    let _ = movable.wait_settled();
    bindings::vm_fault_reason_VM_FAULT_RETRY
}
