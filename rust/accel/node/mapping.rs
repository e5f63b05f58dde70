// SPDX-License-Identifier: GPL-2.0

//! Memory and registers of a device in the address space of a process.
//!
//! A mapping starts out empty, and each of its pages is brought by a page fault, inside the gate.
//! It could not be filled in `mmap()` itself: the kernel links a new area only afterwards, so a
//! removal of the device in between would not find what there is to take away. This way, whoever
//! removes a device closes the gate, waits until the faults that are under way have ended, and then
//! takes all pages away. What is accessed later faults again, and gets `SIGBUS`. A reset does the
//! same, but lets those who fault meanwhile wait for its end; and so does sleep, from which the
//! next fault wakes the device.

use kernel::{
    bindings,
    error::from_result,
    ffi::c_int,
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
        fault: Some(fault),
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
        let page = unsafe { (fns.mmap)(&call, &request) }?;

        // SAFETY: The area is just being set up and belongs to this file. It is shared, so it can
        // consist of pages without a `struct page`.
        unsafe {
            ffi::accel_helper_vma_set_pfnmap(vma);
            // What there is to add to a page of the file.
            (*vma).vm_private_data = core::ptr::without_provenance_mut(page.wrapping_sub(first));
            (*vma).vm_ops = VM_OPS.get();
        }
        Ok(0)
    })
}

/// Brings a page of a mapping, or `SIGBUS` if the device is gone or wedged.
///
/// # Safety
///
/// To be called by the memory management, for an area that [`mmap`] has set up.
unsafe extern "C" fn fault(vmf: *mut bindings::vm_fault) -> bindings::vm_fault_t {
    // SAFETY: The memory management passes a valid fault of such an area, which has a reference to
    // its file.
    let (fault, vma, open) = unsafe {
        let fault = &(*vmf).__bindgen_anon_1;
        let file = (*fault.vma).vm_file;
        let open = Arc::<OpenFile>::borrow((*file).private_data);
        (fault, fault.vma, open)
    };

    // Held until the page is there, so that a removal, a reset or sleep finds it.
    let call = open.call_running();
    let awake = call.as_ref().and_then(|call| call.core.hold_awake());
    let (Some(_call), Some(_awake)) = (&call, &awake) else {
        drop(call);
        // SAFETY: Same requirements.
        return unsafe { fault_slowpath(vmf, open.core.clone()) };
    };
    // SAFETY: As above. The area cannot grow, so the page is one of those that `mmap` has checked.
    unsafe {
        let page = (*vma).vm_private_data.addr().wrapping_add(fault.pgoff);
        bindings::vmf_insert_pfn(vma, fault.address, page)
    }
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
