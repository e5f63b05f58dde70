// SPDX-License-Identifier: GPL-2.0

//! Memory of a device.
//!
//! Other than that of the system, it goes with the device. What processes, other devices and the
//! kernel have of it is revoked when the device goes: see
//! `buffers/borrowers.rs`.

use kernel::{
    gpu::buddy::AllocatedBlocks,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*, //
};

use super::{
    io_range::{
        IoRange,
        Provider, //
    },
    kernel_map::KernelMap,
    pages::{
        Pages,
        Surroundings, //
    }, //
};

/// Where a region of memory is.
pub(crate) enum Place {
    /// In the address space of a bus, from this address on.
    Io(u64, Option<Provider>),
    /// In the memory of the system.
    SetAside(Pages),
}

impl Place {
    pub(crate) fn of_range(range: &IoRange<'_>) -> Result<Self> {
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
pub(crate) struct DeviceMemory {
    first_pfn: usize,
    offset: u64,
    size: usize,
    /// For memory that is not the system's.
    io: Option<Io>,
    _blocks: Pin<KBox<AllocatedBlocks>>,
}

#[derive(Clone, Copy)]
pub(crate) struct Io {
    pub(crate) provider: Option<Provider>,
}

impl DeviceMemory {
    /// Takes the piece of `place` that `blocks` stand for, whatever it is filled with.
    pub(crate) fn new(
        place: &Place,
        blocks: Pin<KBox<AllocatedBlocks>>,
        bytes: u64,
    ) -> Result<Self> {
        let offset = blocks.iter().map(|block| block.offset()).min();
        let offset = offset.ok_or(ENOSPC)?;
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
            _blocks: blocks,
        })
    }

    /// Returns where it is in its region, in bytes: the address that the device has for it.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns whether it is in the address space of a bus, and then how to share it there.
    pub(crate) fn io(&self) -> Option<Io> {
        self.io
    }

    /// Returns what is around a page of it in physical memory, if there is such a page.
    pub(crate) fn around(&self, page: usize) -> Option<Surroundings> {
        Surroundings::within(self.first_pfn, self.size >> PAGE_SHIFT, page)
    }

    /// Returns its size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Returns its address in physical memory.
    pub(crate) fn phys(&self) -> u64 {
        (self.first_pfn as u64) << PAGE_SHIFT
    }

    /// Makes it accessible to the kernel. What is read after the device is gone is arbitrary.
    ///
    /// # Safety
    ///
    /// The region must be kept until the result is dropped.
    pub(crate) unsafe fn map(&self) -> Result<KernelMap> {
        // SAFETY: By the type invariants it is memory of this size: the system's, or not.
        unsafe { KernelMap::of_phys(self.phys(), self.size, self.io.is_some()) }
    }
}
