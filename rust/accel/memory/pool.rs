// SPDX-License-Identifier: GPL-2.0

//! Where the memory of buffers comes from, and what they have of their device.

pub(in crate::memory) mod coherent;
pub(in crate::memory) mod device_memory;
pub(in crate::memory) mod place;
pub(in crate::memory) mod registry;

use kernel::{
    device,
    gpu::buddy::{
        GpuBuddy,
        GpuBuddyParams, //
    },
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
};

use self::{
    coherent::CoherentRegion,
    device_memory::{
        DeviceMemory,
        Place, //
    },
    place::Placement,
    registry::Registry, //
};
use super::{
    address_space::AddressSpace,
    borrowers::{
        Borrowers,
        BusMemory, //
    },
    grant::Permission,
    io_range::IoRange,
    movable::Movable,
    object::Backing,
    pages::Pages, //
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
    pub(super) in_use: Atomic<u64>,
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

impl Region {
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

/// What a device has for its buffers. It is there as long as one of them is, which may be longer
/// than the device.
#[pin_data]
pub(crate) struct Pool {
    system: Region,
    /// The regions beyond the first.
    more: KVec<Region>,
    /// Of all objects that have something of the device, or memory that is revoked with it.
    #[pin]
    pub(super) ledgers: Registry<Borrowers>,
    /// What there is to evict.
    #[pin]
    pub(super) movables: Registry<Movable>,
    /// Held by who makes room for a buffer.
    #[pin]
    pub(super) evicting: Mutex<()>,
    /// How often movable buffers were used.
    uses: Atomic<u64>,
    /// What the files of the device map.
    pub(super) space: Arc<AddressSpace>,
}

impl Pool {
    /// Makes the pool of a device that has the memory `regions`.
    pub(crate) fn new(
        space: Arc<AddressSpace>,
        regions: Regions<'_>,
    ) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            space,
            uses: Atomic::new(0),
            movables <- Registry::new(),
            evicting <- new_mutex!(()),
            system: Region::new(b"system", Source::System)?,
            more: regions.list,
            ledgers <- Registry::new(),
        })
    }

    /// Returns region number `index`, if there is one.
    pub(crate) fn region(&self, index: u32) -> Option<&Region> {
        self.regions().nth(index as usize)
    }

    /// Returns all regions in the order of their numbers.
    pub(crate) fn regions(&self) -> impl Iterator<Item = &Region> {
        Iterator::chain(core::iter::once(&self.system), &self.more)
    }

    /// Counts a use of a movable buffer. Returns a number that is higher than those before.
    pub(super) fn tick(&self) -> u64 {
        self.uses.fetch_add(1, Relaxed) + 1
    }

    /// Changes what others may do with the memory of the device. If that is nothing just now,
    /// importers are told and processes' mappings are empty when this returns, and what processes
    /// touch waits or fails. The gate must be drained.
    pub(crate) fn set_permission(&self, permission: Permission) {
        self.ledgers
            .for_each(|ledger| ledger.set_permission(permission));
        if permission != Permission::Granted {
            self.ledgers.for_each(|ledger| {
                ledger.revoke();
            });
        }
    }

    /// Revokes the memory of the device from those who have it, for good. The gate must be
    /// drained.
    pub(crate) fn revoke(&self) {
        // What is in memory that is gone is not moved any more.
        self.ledgers
            .for_each(|ledger| ledger.set_permission(Permission::Gone));
        self.ledgers.for_each(Borrowers::revoke_and_wait);
    }

    /// Detaches buffers from the device on its bus. The gate must be drained, and the device
    /// must be quiet.
    pub(crate) fn detach_all(&self) {
        self.ledgers.detach_all();
    }
}

impl Region {
    /// Returns whether it is memory that only the device has.
    pub(crate) fn is_of_device(&self) -> bool {
        matches!(self.source, Source::Device(_))
    }

    /// Returns whether it is memory of a device that is not the system's.
    pub(super) fn is_on_bus(&self) -> bool {
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
    pub(super) unsafe fn allocate(
        &self,
        pages: usize,
        placement: &Placement,
        borrowers: &Arc<Borrowers>,
    ) -> Result<Backing> {
        match &self.source {
            Source::System => Pages::new(pages, || Ok(())).map(Backing::System),
            Source::Device(memory) => memory
                .allocate((pages * PAGE_SIZE) as u64, placement, borrowers)
                .map(Backing::Device),
            Source::Coherent(region) => {
                // SAFETY: Same requirements.
                let memory = unsafe { region.allocate(pages) }?;
                borrowers.set_bus_memory(BusMemory::Coherent(memory.clone()));
                Ok(Backing::Coherent(memory))
            }
        }
    }
}

impl RegionMemory {
    fn allocate(
        &self,
        bytes: u64,
        placement: &Placement,
        borrowers: &Arc<Borrowers>,
    ) -> Result<DeviceMemory> {
        let blocks = placement.allocate(&self.buddy, bytes)?;
        DeviceMemory::new(&self.place, blocks, bytes, borrowers)
    }
}

/// The memory that a device has, as its driver declares it in
/// [`AccelDriver::memory`](crate::AccelDriver::memory).
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
        self.push(name, Place::of_range(&range)?, range.len())
    }

    /// Adds `bytes` of the system's memory, set aside: for a device that has none of its own, and
    /// wants it in one piece.
    ///
    /// Returns `ENOMEM` if there is no such piece; 4 MiB is as much as there can be.
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
    pub fn add_coherent(&mut self, name: &CStr, limit: u64) -> Result {
        if limit == 0 {
            return Err(EINVAL);
        }
        let source = Source::Coherent(CoherentRegion::new(self.device, limit)?);
        self.push_region(name, source)
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
