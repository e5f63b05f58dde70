// SPDX-License-Identifier: GPL-2.0

//! Where the memory of buffers comes from.

use kernel::{
    device,
    gpu::buddy::{
        GpuBuddy,
        GpuBuddyParams, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};

use super::{
    coherent::{
        CoherentMemory,
        CoherentRegion, //
    },
    device_memory::{
        DeviceMemory,
        Place, //
    },
    io_range::IoRange,
    pages::Pages,
    placement::Placement, //
};
use crate::sys::uapi::{
    accel_info_memory,
    ACCEL_MEMORY_COHERENT,
    ACCEL_MEMORY_DEVICE,
    ACCEL_MEMORY_SYSTEM, //
};

/// A region of memory; `struct accel_info_memory`.
pub(crate) struct Region {
    name: [u8; 32],
    source: Source,
    pub(crate) in_use: Atomic<u64>,
}

/// Where a region is.
enum Source {
    /// In the memory of the system.
    System,
    /// In memory of the device.
    Device(RegionMemory),
    /// In memory that is allocated for the device.
    Coherent(CoherentRegion),
}

/// Memory that belongs to a device.
struct RegionMemory {
    place: Place,
    buddy: GpuBuddy,
}

/// Memory of a region, for a buffer.
pub(crate) enum Allocated {
    System(Pages),
    Device(DeviceMemory),
    Coherent(Arc<CoherentMemory>),
}

impl Region {
    /// The memory of the system.
    pub(crate) fn system() -> Result<Self> {
        Self::new(b"system", Source::System)
    }

    fn new(name: &[u8], source: Source) -> Result<Self> {
        let mut region = Self {
            name: [0; 32],
            source,
            in_use: Atomic::new(0),
        };
        if name.is_empty() || name.len() >= region.name.len() {
            return Err(EINVAL);
        }
        region.name[..name.len()].copy_from_slice(name);
        Ok(region)
    }

    /// Returns what user space is told of it.
    pub(crate) fn info(&self) -> accel_info_memory {
        let (kind, total) = match &self.source {
            Source::System => (ACCEL_MEMORY_SYSTEM, 0),
            Source::Device(memory) => (ACCEL_MEMORY_DEVICE, memory.buddy.size()),
            Source::Coherent(region) => (ACCEL_MEMORY_COHERENT, region.limit()),
        };
        accel_info_memory {
            name: self.name,
            kind,
            reserved: 0,
            total,
            in_use: self.in_use.load(Relaxed),
        }
    }
}

impl Region {
    /// Returns whether it is memory that only the device has.
    pub(crate) fn is_of_device(&self) -> bool {
        matches!(self.source, Source::Device(_))
    }

    /// Returns whether it is memory of a device that is not the system's.
    pub(crate) fn is_on_bus(&self) -> bool {
        matches!(&self.source, Source::Device(memory) if matches!(memory.place, Place::Io(..)))
    }

    /// Allocates `pages` pages, filled with zeros; or if only the device has them, where
    /// `placement` says, and whatever they are filled with. Returns `ENOMEM`, and for the errors of
    /// that, see [`Placement::allocate`].
    ///
    /// # Safety
    ///
    /// Unless it is the region of the system's memory, the caller must be inside the gate, and see
    /// to it that the result ends with the others of the pool.
    pub(crate) unsafe fn allocate(&self, pages: usize, placement: &Placement) -> Result<Allocated> {
        match &self.source {
            Source::System => Pages::new(pages, || Ok(())).map(Allocated::System),
            Source::Device(memory) => memory
                .allocate((pages * PAGE_SIZE) as u64, placement)
                .map(Allocated::Device),
            // SAFETY: Same requirements.
            Source::Coherent(region) => unsafe { region.allocate(pages) }.map(Allocated::Coherent),
        }
    }
}

impl RegionMemory {
    fn allocate(&self, bytes: u64, placement: &Placement) -> Result<DeviceMemory> {
        let blocks = placement.allocate(&self.buddy, bytes)?;
        DeviceMemory::new(&self.place, blocks, bytes)
    }
}

/// The memory that a device has, as its driver declares it in
/// [`MemoryOps::memory`](crate::buffer::MemoryOps::memory).
///
/// The region that is added first is number 1: number 0 is the memory of the system.
pub struct Regions<'a> {
    list: KVec<Region>,
    device: &'a device::Device<device::Bound>,
    is_own: &'a dyn Fn(&IoRange<'_>) -> bool,
}

impl<'a> Regions<'a> {
    pub(crate) fn new(
        device: &'a device::Device<device::Bound>,
        is_own: &'a dyn Fn(&IoRange<'_>) -> bool,
    ) -> Self {
        Self {
            list: KVec::new(),
            device,
            is_own,
        }
    }

    /// Adds memory of the device that the processor can access, such as a BAR of a PCI device.
    ///
    /// Returns `EINVAL` if it is not of the device itself, or not made of whole pages.
    pub fn add(&mut self, name: &CStr, range: IoRange<'_>) -> Result {
        if !(self.is_own)(&range) {
            return Err(EINVAL);
        }
        range.combine_writes_while_bound();
        self.push(name, Place::of_range(&range)?, range.len())
    }

    /// Adds `bytes` of the system's memory, set aside: for a device that has none of its own, and
    /// wants it in one piece.
    ///
    /// Returns `ENOMEM` if there is no such piece; 4 MiB is as much as there can be.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::buffer::Regions;
    /// # use kernel::prelude::*;
    /// fn memory(regions: &mut Regions<'_>) -> Result {
    ///     regions.add_carve_out(c"shared", 16 << 20)
    /// }
    /// ```
    pub fn add_carve_out(&mut self, name: &CStr, bytes: usize) -> Result {
        if bytes == 0 || !bytes.is_power_of_two() || bytes < PAGE_SIZE {
            return Err(EINVAL);
        }
        self.push(
            name,
            Place::SetAside(Pages::contiguous(bytes / PAGE_SIZE)?),
            bytes as u64,
        )
    }

    /// Adds memory that is allocated for the device when a buffer is made of it, at most `limit`
    /// bytes at a time: memory that the device and the processor see alike at any time, and that
    /// the device can reach wherever it is, so that nothing has to be mapped or copied before work
    /// on it. It is the device's, and goes with it.
    ///
    /// Returns `EOPNOTSUPP` if the device cannot do DMA, and `EINVAL` if there can be none.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::buffer::Regions;
    /// # use kernel::prelude::*;
    /// /// For rings and flags, which both sides poll.
    /// fn memory(regions: &mut Regions<'_>) -> Result {
    ///     regions.add_coherent(c"coherent", 1 << 20)
    /// }
    /// ```
    pub fn add_coherent(&mut self, name: &CStr, limit: u64) -> Result {
        if limit == 0 {
            return Err(EINVAL);
        }
        let source = Source::Coherent(CoherentRegion::new(self.device, limit)?);
        self.push_region(name, source)
    }

    /// Returns the regions.
    pub(crate) fn into_list(self) -> KVec<Region> {
        self.list
    }

    fn push(&mut self, name: &CStr, place: Place, size: u64) -> Result {
        let buddy = GpuBuddy::new(GpuBuddyParams {
            base_offset: 0,
            size,
            chunk_size: Alignment::new::<PAGE_SIZE>(),
        })?;
        self.push_region(name, Source::Device(RegionMemory { place, buddy }))
    }

    fn push_region(&mut self, name: &CStr, source: Source) -> Result {
        let region = Region::new(name.to_bytes(), source)?;
        Ok(self.list.push(region, GFP_KERNEL)?)
    }
}
