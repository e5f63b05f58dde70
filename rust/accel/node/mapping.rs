// SPDX-License-Identifier: GPL-2.0

//! Memory and registers of a device in the address space of a process.
//!
//! A mapping starts out empty, and each of its pages is brought by a page fault, inside the gate.
//! It could not be filled in `mmap()` itself: the kernel links a new area only afterwards, so a
//! removal of the device in between would not find what there is to take away. This way, whoever
//! removes a device closes the gate, waits until the faults that are under way have ended, and then
//! takes all pages away. What is accessed later faults again, and gets `SIGBUS`. A reset does the
//! same, but lets those who fault meanwhile wait for its end; and so does sleep, from which the
//! next fault wakes the device. A driver revokes a window in the same way, but that the window has
//! a lock of its own instead of the gate.

use kernel::{
    bindings,
    error::from_result,
    ffi::{
        c_int,
        c_uint,
        c_ulong, //
    },
    mm::virt::{
        flags,
        VmaNew, //
    },
    page::PAGE_SHIFT,
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    },
    types::ForeignOwnable, //
};

use crate::{
    base::state::State,
    buffers,
    device::{
        file::{
            OpenFile,
            Role, //
        },
        mapping::Shown,
        reset::ResetWait,
        Core, //
    },
    memory::{
        address_space::FIRST_PAGE,
        io_range::MapRequest, //
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

/// Maps a part of a device: file operation `mmap`.
///
/// # Safety
///
/// To be called by the VFS, for a file that `chardev` has opened.
pub(crate) unsafe extern "C" fn mmap(
    file: *mut bindings::file,
    vma: *mut bindings::vm_area_struct,
) -> c_int {
    // SAFETY: `open` has stored it, and `release` has not been called yet.
    let open = unsafe { Arc::<OpenFile>::borrow((*file).private_data) };
    from_result(|| {
        let call = open.call().ok_or(ENODEV)?;
        if open.role == Role::Observer {
            return Err(EACCES);
        }
        // A reset is no obstacle, since nothing is accessed yet.
        if call.core.gate.state() == State::Wedged {
            return Err(EIO);
        }
        // SAFETY: The VFS passes an area that is just being set up.
        let (area, first) = unsafe { (VmaNew::from_raw(vma), (*vma).vm_pgoff) };
        if area.flags() & flags::SHARED == 0 {
            return Err(EINVAL);
        }
        area.try_clear_mayexec()?;
        if let Some(handles) = open.buffers.as_deref() {
            if first >= FIRST_PAGE {
                if let Some(foreign) = buffers::mmap(handles, area, first)? {
                    drop(call);
                    foreign.mmap(area)?;
                }
                return Ok(0);
            }
        }

        let request = MapRequest {
            offset: (first as u64) << PAGE_SHIFT,
            len: (area.end() - area.start()) as u64,
        };
        let fns = call.ops().features.mmap.ok_or(EOPNOTSUPP)?;
        // SAFETY: The call is inside the gate of a device of this driver, and comes from a user.
        let plan = unsafe { (fns.mmap)(&call, &request) }?;
        if plan.is_read_only {
            area.try_clear_maywrite().map_err(|_| EACCES)?;
        }

        // SAFETY: The area is just being set up and belongs to this file. It is shared, so it can
        // consist of pages without a `struct page`.
        unsafe {
            match plan.is_write_combining {
                true => ffi::accel_helper_vma_set_io_memory(vma),
                false => ffi::accel_helper_vma_set_registers(vma),
            }
            (*vma).vm_pgoff = plan.first;
            (*vma).vm_private_data = plan.shown.into_foreign();
            (*vma).vm_ops = VM_OPS.get();
        }
        Ok(0)
    })
}

/// Takes note that an area was copied, to a child or by being split.
///
/// # Safety
///
/// To be called by the memory management, for an area that [`mmap`] has set up.
unsafe extern "C" fn open(vma: *mut bindings::vm_area_struct) {
    // SAFETY: The original holds a reference; the copy has the same pointer, and now gets a
    // reference of its own.
    unsafe {
        let shown = Arc::<Shown>::borrow((*vma).vm_private_data);
        (*vma).vm_private_data = Arc::from(shown).into_foreign();
    }
}

/// Takes note that an area is gone.
///
/// # Safety
///
/// To be called by the memory management, once for each area.
unsafe extern "C" fn close(vma: *mut bindings::vm_area_struct) {
    // SAFETY: Each area has a reference, which is given up here.
    drop(unsafe { Arc::<Shown>::from_foreign((*vma).vm_private_data) });
}

/// Brings a page of a mapping, or `SIGBUS` if the device is gone or wedged, or its driver has
/// revoked the mapping.
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
    // SAFETY: The memory management passes a valid fault of such an area, which has references to
    // its file and to what it shows.
    let (fault, open, shown) = unsafe {
        let fault = &(*vmf).__bindgen_anon_1;
        let file = (*fault.vma).vm_file;
        let open = Arc::<OpenFile>::borrow((*file).private_data);
        (
            fault,
            open,
            Arc::<Shown>::borrow((*fault.vma).vm_private_data),
        )
    };

    // Held until the page is there, so that a removal, a reset or sleep finds it.
    let call = open.call_running();
    let awake = call.as_ref().and_then(|call| call.core.hold_awake());
    let (Some(_call), Some(_awake)) = (&call, &awake) else {
        drop(call);
        // SAFETY: Same requirements.
        return unsafe { fault_slowpath(vmf, open.core.clone()) };
    };
    shown
        // SAFETY: As above. The area cannot grow, so all of its pages are those that `mmap` has
        // checked, which follow each other.
        .with_page(fault.pgoff, |page| unsafe {
            let (before, after) = (c_ulong::MAX, c_ulong::MAX);
            ffi::accel_helper_insert_pages(vmf, order, page, before, after, false, false)
        })
        .unwrap_or(bindings::vm_fault_reason_VM_FAULT_SIGBUS)
}

/// Handles a page fault on a device that is not running, or is asleep. The access is to be tried
/// again later, when it is reset and awake: it waits without the locks of the address space, if the
/// caller lets it.
///
/// # Safety
///
/// As for [`fault`], on a mapping of `core`. The fault must not be used any more.
#[cold]
unsafe fn fault_slowpath(vmf: *mut bindings::vm_fault, core: ARef<Core>) -> bindings::vm_fault_t {
    match core.gate.state() {
        // It may have just recovered, or be asleep.
        State::Resetting | State::Running => (),
        State::Wedged | State::Gone => return bindings::vm_fault_reason_VM_FAULT_SIGBUS,
    }
    // SAFETY: The fault is valid, and its locks are held. After this, its area may be gone, and the
    // file with it; the device is not, thanks to the reference.
    if !unsafe { ffi::accel_helper_release_fault_lock(vmf) } {
        core.request_awake();
        return bindings::vm_fault_reason_VM_FAULT_NOPAGE;
    }
    // Whatever the outcome, the next fault finds it.
    if core.wait_for_reset(ResetWait::Killable).is_ok() {
        drop(core.wake_up());
    }
    bindings::vm_fault_reason_VM_FAULT_RETRY
}
