// SPDX-License-Identifier: GPL-2.0

//! Memory of a device.
//!
//! Other than that of the system, it goes with the device. What processes, other devices and the
//! kernel have of it is lent to them, and taken back when the device goes:
//!
//! - `Lent` says from then on that it is gone, so page faults and copies fail;
//! - importers are told to give up their mappings, their fences are waited for, and for memory
//!   that is not the system's, also that they have done so;
//! - pages are taken out of the mappings of processes.

use core::ptr::NonNull;
use kernel::{
    bindings,
    gpu::buddy::AllocatedBlocks,
    new_condvar, new_mutex,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::{
        Arc,
        CondVar,
        CondVarTimeoutResult,
        Mutex, //
    },
    time::msecs_to_jiffies,
};

use super::{
    dma_buf::DmaBuf,
    pages::Pages,
    registry::Ends,
    vmap::KernelMap, //
};
use crate::mapping::{
    IoRange,
    Provider, //
};

/// Where a region of memory is.
pub(super) enum Place {
    /// In the address space of a bus, from this address on.
    Io(u64, Option<Provider>),
    /// In the memory of the system.
    SetAside(Pages),
}

impl Place {
    pub(super) fn of_range(range: &IoRange<'_>) -> Result<Self> {
        if range.start() % PAGE_SIZE as u64 != 0 || range.len() % PAGE_SIZE as u64 != 0 {
            return Err(EINVAL);
        }
        Ok(Self::Io(range.start(), range.provider()))
    }

    /// Returns the number of its first page.
    fn first_pfn(&self) -> usize {
        match self {
            // CAST: Physical addresses of pages fit, as `mapping` has checked.
            Self::Io(start, _) => (start >> PAGE_SHIFT) as usize,
            Self::SetAside(pages) => pages.pfn(0).unwrap_or(0),
        }
    }
}

/// A piece of the memory of a device.
///
/// # Invariants
///
/// It is `size` bytes, from page number `first_pfn` of physical memory on. The object that this is
/// part of refers to the region that it is a piece of.
pub(super) struct DeviceMemory {
    first_pfn: usize,
    offset: u64,
    size: usize,
    /// For memory that is not the system's.
    io: Option<Io>,
    pub(super) lent: Arc<Lent>,
    // Given back in this order.
    _blocks: Pin<KBox<AllocatedBlocks>>,
    _freed: Freed,
}

/// Says that memory has been freed, when it is dropped.
struct Freed(Arc<Lent>);

impl Drop for Freed {
    fn drop(&mut self) {
        self.0.state.lock().freed = true;
        self.0.changed.notify_all();
    }
}

#[derive(Clone, Copy)]
pub(super) struct Io {
    pub(super) provider: Option<Provider>,
}

impl DeviceMemory {
    /// Takes the piece of `place` that `blocks` stand for, whatever it is filled with.
    pub(super) fn new(
        place: &Place,
        blocks: Pin<KBox<AllocatedBlocks>>,
        bytes: u64,
    ) -> Result<Self> {
        let offset = blocks.iter().map(|block| block.offset()).min();
        let offset = offset.ok_or(ENOSPC)?;
        let lent = Arc::pin_init(Lent::new(), GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: The allocator returns blocks that are next to each other.
        Ok(Self {
            // CAST: Within what `Place::first_pfn` says.
            first_pfn: place.first_pfn() + (offset >> PAGE_SHIFT) as usize,
            offset,
            // CAST: A region has at most as much as can be addressed.
            size: bytes as usize,
            io: match place {
                Place::Io(_, provider) => Some(Io {
                    provider: *provider,
                }),
                Place::SetAside(_) => None,
            },
            lent: lent.clone(),
            _blocks: blocks,
            _freed: Freed(lent),
        })
    }

    /// Returns where it is in its region, in bytes: the address that the device has for it.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns whether it is in the address space of a bus, and then how to share it there.
    pub(super) fn io(&self) -> Option<Io> {
        self.io
    }

    /// Returns the number of a page of it in physical memory, if there is such a page.
    pub(super) fn pfn(&self, page: usize) -> Option<usize> {
        (page < self.size >> PAGE_SHIFT).then(|| self.first_pfn + page)
    }

    /// Returns its size in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Returns its address in physical memory.
    pub(super) fn phys(&self) -> u64 {
        (self.first_pfn as u64) << PAGE_SHIFT
    }

    /// Makes it accessible to the kernel. What is read after the device is gone is arbitrary.
    ///
    /// # Safety
    ///
    /// The region must be kept until the result is dropped.
    pub(super) unsafe fn map(&self) -> Result<KernelMap> {
        // SAFETY: By the type invariants it is memory of this size: the system's, or not.
        unsafe { KernelMap::of_phys(self.phys(), self.size, self.io.is_some()) }
    }
}

/// What others have of a piece of device memory.
#[pin_data]
pub(super) struct Lent {
    #[pin]
    state: Mutex<State>,
    /// When `mapped` is zero again, or the memory is freed.
    #[pin]
    changed: CondVar,
}

struct State {
    gone: bool,
    freed: bool,
    /// How many mappings other devices have, of memory that is not the system's.
    mapped: u32,
    exports: KVec<Export>,
}

struct Export(NonNull<bindings::dma_buf>);

// SAFETY: A dma-buf may be used from any thread.
unsafe impl Send for Export {}

impl Lent {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                gone: false,
                freed: false,
                mapped: 0,
                exports: KVec::new(),
            }),
            changed <- new_condvar!(),
        })
    }

    /// Runs `f` if the device is still there, and does not let it go meanwhile; else returns
    /// `ENODEV`.
    pub(super) fn with<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        let state = self.state.lock();
        if state.gone {
            return Err(ENODEV);
        }
        Ok(f())
    }

    /// Waits for a short time until the memory is freed, and returns whether it is. Returns `EINTR`
    /// if a signal arrives before.
    pub(super) fn wait_freed(&self) -> Result<bool> {
        let mut state = self.state.lock();
        if !state.freed {
            let while_ = msecs_to_jiffies(20);
            let result = self.changed.wait_interruptible_timeout(&mut state, while_);
            if let CondVarTimeoutResult::Signal { .. } = result {
                return Err(EINTR);
            }
        }
        Ok(state.freed)
    }

    /// Counts a mapping of another device that has to end before the device is gone.
    pub(super) fn add_mapping(&self) -> Result {
        let mut state = self.state.lock();
        if state.gone {
            return Err(ENODEV);
        }
        state.mapped += 1;
        Ok(())
    }

    /// Takes back [`Self::add_mapping`].
    pub(super) fn remove_mapping(&self) {
        let mut state = self.state.lock();
        state.mapped -= 1;
        if state.mapped == 0 {
            self.changed.notify_all();
        }
    }

    /// Takes note of an export, which must be taken out before it is freed.
    pub(super) fn add_export(&self, dmabuf: NonNull<bindings::dma_buf>) -> Result {
        let mut state = self.state.lock();
        if state.gone {
            return Err(ENODEV);
        }
        Ok(state.exports.push(Export(dmabuf), GFP_KERNEL_ACCOUNT)?)
    }

    /// Forgets an export.
    pub(super) fn remove_export(&self, dmabuf: *mut bindings::dma_buf) {
        let mut state = self.state.lock();
        state.exports.retain(|export| export.0.as_ptr() != dmabuf);
    }

    /// Returns the exports that somebody has.
    pub(super) fn exports(&self) -> Result<KVec<DmaBuf>> {
        let state = self.state.lock();
        let mut exports = KVec::with_capacity(state.exports.len(), GFP_KERNEL_ACCOUNT)?;
        for Export(dmabuf) in &state.exports {
            // SAFETY: An export is taken out, which takes the lock, before it is freed.
            if let Some(dmabuf) = unsafe { DmaBuf::from_live(*dmabuf) } {
                exports.push(dmabuf, GFP_KERNEL_ACCOUNT)?;
            }
        }
        Ok(exports)
    }

    /// Takes out one of the exports that somebody still has.
    fn next_export(&self) -> Option<DmaBuf> {
        let mut state = self.state.lock();
        loop {
            let Export(dmabuf) = state.exports.pop()?;
            // SAFETY: An export is taken out, which takes the lock, before it is freed.
            let live = unsafe { DmaBuf::from_live(dmabuf) };
            if live.is_some() {
                return live;
            }
        }
    }
}

impl Ends for Lent {
    fn end(&self) {
        self.state.lock().gone = true;
        while let Some(dmabuf) = self.next_export() {
            let locked = dmabuf.reservation().lock();
            // SAFETY: The reservation is locked.
            unsafe { bindings::dma_buf_invalidate_mappings(dmabuf.as_raw()) };
            drop(locked);
            // Not with the lock held: a device that is going as well may have somebody wait for
            // that who has to leave before it signals its fences.
            dmabuf.reservation().wait_for_all();
            dmabuf.unmap_from_processes();
        }
        let mut state = self.state.lock();
        while state.mapped > 0 {
            self.changed.wait(&mut state);
        }
    }
}
