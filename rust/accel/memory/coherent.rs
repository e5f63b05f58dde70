// SPDX-License-Identifier: GPL-2.0

//! Memory that a device and the processor see alike at any time: what `dma_alloc_attrs()` returns.
//!
//! Other than pages of the system it belongs to a device, and has to be given back before that is
//! unbound. So it is revocable like memory of the device, see `buffers/borrowers.rs`, and freed
//! when nobody has it any more and the device is quiet.

use core::ptr::NonNull;
use kernel::{
    bindings, device,
    dma::DmaAddress,
    error::to_result,
    new_mutex,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::Atomic,
        Arc,
        Mutex, //
    },
};

use super::{
    kernel_map::KernelMap,
    pages::{
        Share,
        Surroundings, //
    },
    registry::Detach, //
};
use crate::sys::ffi;

/// Coherent memory that a device has for its buffers.
pub(crate) struct CoherentRegion {
    device: ARef<device::Device>,
    /// It is made of pages that are known, and that a process can see as the device does: so
    /// processes and other devices can have it.
    is_shareable: bool,
    limit: u64,
    /// How many bytes are had.
    used: Arc<Atomic<usize>>,
}

impl CoherentRegion {
    /// Makes a region from which at most `limit` bytes can be had at a time. Returns `EOPNOTSUPP`
    /// if the device is not set up for DMA.
    pub(crate) fn new(device: &device::Device<device::Bound>, limit: u64) -> Result<Self> {
        if !ffi::accel_helper_can_dma(device) {
            return Err(EOPNOTSUPP);
        }
        Ok(Self {
            device: device.into(),
            is_shareable: ffi::accel_helper_dma_is_shareable(device),
            limit,
            used: Arc::new(Atomic::new(0), GFP_KERNEL)?,
        })
    }

    /// Returns how many bytes there can be at a time.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Allocates `pages` pages, filled with zeros. Returns `ENOSPC` if that is more than there can
    /// be, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The device must be bound, and stay so until the result has ended.
    pub(crate) unsafe fn allocate(&self, pages: usize) -> Result<Arc<CoherentMemory>> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let share = Share::within(self.used.clone(), pages * PAGE_SIZE, limit).ok_or(ENOSPC)?;
        // SAFETY: Same requirements.
        let allocation = unsafe { Allocation::new(&self.device, pages * PAGE_SIZE) }?;
        let pages = match self.is_shareable {
            true => Some(allocation.pages()?),
            false => None,
        };
        Arc::pin_init(
            pin_init!(CoherentMemory {
                address: allocation.address,
                cpu: allocation.cpu,
                size: allocation.size,
                device: self.device.clone(),
                pages,
                allocation <- new_mutex!(Some(allocation)),
                _share: share,
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }
}

/// Memory that was allocated for a device.
///
/// # Invariants
///
/// Owns `size` bytes, at `cpu` for the processor and at `address` for `device`.
struct Allocation {
    device: ARef<device::Device>,
    address: DmaAddress,
    cpu: NonNull<c_void>,
    size: usize,
}

// SAFETY: Memory may be used and freed by any thread.
unsafe impl Send for Allocation {}

impl Allocation {
    /// # Safety
    ///
    /// The device must be bound, and stay so until the result is dropped.
    unsafe fn new(device: &ARef<device::Device>, size: usize) -> Result<Self> {
        let mut address = 0;
        // SAFETY: The caller guarantees that the device is bound.
        let cpu =
            unsafe { ffi::accel_helper_dma_alloc(ffi::device_as_raw(device), size, &mut address) };
        // INVARIANT: It was just allocated.
        Ok(Self {
            device: device.clone(),
            address,
            cpu: NonNull::new(cpu).ok_or(ENOMEM)?,
            size,
        })
    }

    /// Returns the pages that it is made of.
    fn pages(&self) -> Result<KVVec<Run>> {
        let mut table = bindings::sg_table::default();
        // SAFETY: By the type invariants it is memory of the device, which is bound; the table is
        // valid for writes.
        to_result(unsafe {
            bindings::dma_get_sgtable_attrs(
                ffi::device_as_raw(&self.device),
                &mut table,
                self.cpu.as_ptr(),
                self.address,
                self.size,
                0,
            )
        })?;
        // SAFETY: The table was just filled.
        let runs = unsafe { Run::list(&table) };
        // SAFETY: As above.
        unsafe { bindings::sg_free_table(&mut table) };
        runs
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the memory is ours, and nobody uses it any more. The
        // device is bound, as who has allocated it has promised.
        unsafe {
            bindings::dma_free_attrs(
                ffi::device_as_raw(&self.device),
                self.size,
                self.cpu.as_ptr(),
                self.address,
                0,
            )
        };
    }
}

/// Pages that follow each other in physical memory.
struct Run {
    /// The number of the first one in the whole.
    first: usize,
    pfn: usize,
    pages: usize,
}

impl Run {
    /// Returns the pages that `table` lists.
    ///
    /// # Safety
    ///
    /// The table must be valid, and list whole pages.
    unsafe fn list(table: &bindings::sg_table) -> Result<KVVec<Self>> {
        let mut runs = KVVec::with_capacity(table.orig_nents as usize, GFP_KERNEL_ACCOUNT)?;
        let mut entry = table.sgl;
        let mut first = 0;
        while let Some(page) = NonNull::new(entry) {
            // SAFETY: The entry is one of the table.
            let (page, len) =
                unsafe { (ffi::accel_helper_sg_page(entry), (*page.as_ptr()).length) };
            let pages = len as usize >> PAGE_SHIFT;
            let run = Self {
                first,
                pfn: ffi::page_to_pfn(NonNull::new(page).ok_or(EINVAL)?),
                pages,
            };
            runs.push(run, GFP_KERNEL_ACCOUNT)?;
            first += pages;
            // SAFETY: As above.
            entry = unsafe { bindings::sg_next(entry) };
        }
        Ok(runs)
    }
}

/// The coherent memory of a buffer.
///
/// # Invariants
///
/// Until it has ended, there are `size` bytes at `cpu` for the processor, and at `address` for
/// `device`; they are in `pages`, if those are known.
#[pin_data]
pub(crate) struct CoherentMemory {
    device: ARef<device::Device>,
    address: DmaAddress,
    cpu: NonNull<c_void>,
    size: usize,
    pages: Option<KVVec<Run>>,
    #[pin]
    allocation: Mutex<Option<Allocation>>,
    // Given back after the memory.
    _share: Share<Arc<Atomic<usize>>>,
}

// SAFETY: What is not `Send` by itself is the address, which may be used from any thread.
unsafe impl Send for CoherentMemory {}
// SAFETY: As above.
unsafe impl Sync for CoherentMemory {}

impl CoherentMemory {
    /// Returns where its device finds it.
    pub(crate) fn address(&self) -> DmaAddress {
        self.address
    }

    /// Returns `EOPNOTSUPP` if processes and other devices cannot have it.
    pub(crate) fn check_shareable(&self) -> Result {
        self.pages.as_ref().map(|_| ()).ok_or(EOPNOTSUPP)
    }

    /// Returns what is around a page of it in physical memory, if there is such a page.
    pub(crate) fn around(&self, page: usize) -> Option<Surroundings> {
        let runs = self.pages.as_ref()?;
        let run = match runs.binary_search_by_key(&page, |run| run.first) {
            Ok(i) => i,
            Err(i) => i.checked_sub(1)?,
        };
        let run = runs.get(run)?;
        Surroundings::within(run.pfn, run.pages, page - run.first)
    }

    /// Calls `f` for each contiguous piece of it, with the number of its first page in the whole,
    /// where that is in physical memory, and how many pages it has. Returns `EOPNOTSUPP` if the
    /// pages are not known.
    pub(crate) fn for_each_run(&self, mut f: impl FnMut(usize, usize, usize) -> Result) -> Result {
        let runs = self.pages.as_ref().ok_or(EOPNOTSUPP)?;
        runs.iter()
            .try_for_each(|run| f(run.first, run.pfn, run.pages))
    }

    /// Prepares an area of a process that is to show it.
    ///
    /// # Safety
    ///
    /// The area must just be being set up, and be shared.
    pub(crate) unsafe fn prepare(&self, vma: *mut bindings::vm_area_struct) {
        let device = ffi::device_as_raw(&self.device);
        // SAFETY: Same requirements; a reference to a device is a valid pointer to it.
        unsafe { ffi::accel_helper_vma_set_coherent_memory(vma, device) };
    }

    /// Makes it accessible to the kernel.
    ///
    /// # Safety
    ///
    /// The result must not be used once this has ended.
    pub(crate) unsafe fn map(&self) -> KernelMap {
        // SAFETY: By the type invariants there are so many bytes.
        unsafe { KernelMap::of_memory(self.cpu, self.size) }
    }
}

impl Detach for CoherentMemory {
    fn detach(&self) {
        // With the lock held: who comes second returns when it is freed.
        *self.allocation.lock() = None;
    }
}
