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

use core::ptr::NonNull;
use kernel::{
    bindings,
    device,
    error::{
        from_result,
        to_result, //
    },
    ffi::{
        c_int,
        c_void, //
    },
    mm::virt::{
        flags,
        VmaNew, //
    },
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        Arc, //
    },
    types::ForeignOwnable, //
};

use crate::{
    address_space::FIRST_PAGE,
    buffer,
    device::Core,
    ffi::{
        self,
        Shared, //
    },
    file::{
        OpenFile,
        Role, //
    },
    reset::Patience,
    state::State, //
};

/// A part of a device that a process asks to map, in bytes. Both are multiples of the page size.
///
/// The driver decides what is where, and its C header says it. If its devices have buffers, the
/// driver is only asked for offsets below 1 << 40: above are the buffers.
///
/// A BAR can only be mapped if it begins and ends at a page. Where pages are larger than a small
/// BAR, such as one of 4 KiB on arm64 with pages of 16 KiB, it cannot.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, IoRange, MapRequest};
///
/// /// Where a process finds the doorbells, which are a BAR of their own.
/// const DOORBELLS: u64 = 0;
///
/// /// What [`AccelDriver::mmap`] does. `doorbells` is from `pci::bar_range()`.
/// fn mmap<'a>(doorbells: IoRange<'a>, request: &MapRequest) -> Result<IoRange<'a>> {
///     // `EINVAL` if that is not within the BAR.
///     doorbells.part(request.offset - DOORBELLS, request.len)
/// }
/// ```
#[derive(Clone, Copy)]
pub struct MapRequest {
    /// Where in the file it begins.
    pub offset: u64,
    /// How long it is; not zero.
    pub len: u64,
}

/// Physical addresses that belong to a device, which a process may be given.
///
/// # Invariants
///
/// The addresses from `start`, `len` bytes, are not RAM, and belong to `device` while it is bound,
/// which it is during `'a`; so does `provider`.
#[derive(Clone, Copy)]
pub struct IoRange<'a> {
    device: &'a device::Device<device::Bound>,
    start: u64,
    len: u64,
    provider: Option<Provider>,
}

/// What other devices on a bus need to know of memory there.
///
/// # Invariants
///
/// Points to a valid `struct p2pdma_provider`, while the device that has the memory is bound.
#[derive(Clone, Copy)]
pub(crate) struct Provider(NonNull<c_void>);

// SAFETY: A provider does not change, and may be used from any thread.
unsafe impl Send for Provider {}
// SAFETY: As above.
unsafe impl Sync for Provider {}

impl Provider {
    /// # Safety
    ///
    /// `provider` must be null, or valid while the device that has the memory is bound.
    pub(crate) unsafe fn from_raw(provider: *mut c_void) -> Option<Self> {
        // INVARIANT: Same as the safety requirements.
        NonNull::new(provider).map(Self)
    }

    pub(crate) fn as_raw(self) -> *mut c_void {
        self.0.as_ptr()
    }

    /// Returns `EOPNOTSUPP` if `device` cannot reach the memory.
    ///
    /// # Safety
    ///
    /// `device` must be valid, and the device that has the memory must be bound.
    pub(crate) unsafe fn check_reach(self, device: *mut bindings::device) -> Result {
        // SAFETY: Same requirements, and by the type invariants.
        to_result(unsafe { ffi::accel_helper_p2pdma_check(self.as_raw(), device) })
    }
}

impl<'a> IoRange<'a> {
    /// # Safety
    ///
    /// The addresses must not be RAM, and must belong to `device` while it is bound, as must
    /// `provider`.
    pub(crate) unsafe fn new(
        device: &'a device::Device<device::Bound>,
        start: u64,
        len: u64,
        provider: Option<Provider>,
    ) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self {
            device,
            start,
            len,
            provider,
        }
    }

    /// Returns where it begins.
    pub(crate) fn start(&self) -> u64 {
        self.start
    }

    /// Returns how to share it with other devices on its bus, if that can be done.
    pub(crate) fn provider(&self) -> Option<Provider> {
        self.provider
    }

    /// Returns whether it belongs to the device that `core` is on.
    pub(crate) fn is_of(&self, core: &Core) -> bool {
        core::ptr::eq(
            ffi::device_as_raw(self.device),
            ffi::device_as_raw(core.parent()),
        )
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns `len` bytes from `offset` on, or `EINVAL` if that is not within the range.
    pub fn part(&self, offset: u64, len: u64) -> Result<Self> {
        let rest = self.len.checked_sub(offset).ok_or(EINVAL)?;
        if len > rest {
            return Err(EINVAL);
        }
        // INVARIANT: A part of what belongs to the device does so, too.
        Ok(Self {
            start: self.start + offset,
            len,
            ..*self
        })
    }

    /// Returns the number of the first page, if the range can be what `request` on `core` gets.
    ///
    /// It must be of the device that the accelerator is on, since it is taken away with that; and
    /// made of whole pages, since the rest of a page belongs to somebody else.
    pub(crate) fn first_page(&self, core: &Core, request: &MapRequest) -> Result<usize> {
        if !self.is_of(core) || self.len != request.len || self.start % PAGE_SIZE as u64 != 0 {
            return Err(EINVAL);
        }
        Ok(usize::try_from(self.start >> PAGE_SHIFT)?)
    }
}

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
                buffer::mmap(handles, area, first)?;
                return Ok(0);
            }
        }

        let request = MapRequest {
            offset: (first as u64) << PAGE_SHIFT,
            len: (area.end() - area.start()) as u64,
        };
        // SAFETY: The call is inside the gate of a device of this driver, and comes from a user.
        let page = unsafe { (call.core.ops().mmap)(&call, &request) }?;

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
        return unsafe { fault_later(vmf, open.core.clone()) };
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
unsafe fn fault_later(vmf: *mut bindings::vm_fault, core: ARef<Core>) -> bindings::vm_fault_t {
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
    if core.wait_for_reset(Patience::Killable).is_ok() {
        drop(core.wake_up());
    }
    bindings::vm_fault_reason_VM_FAULT_RETRY
}
