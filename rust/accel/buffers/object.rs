// SPDX-License-Identifier: GPL-2.0

//! What is behind a handle.

use kernel::{
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        SetOnce, //
    }, //
};

use super::{
    borrowers::Borrowers,
    device_map::Mapped,
    export::access::ForeignMaps,
    import::Import,
    movable::Movable,
    pool::Pool,
    vmap::SharedMap, //
};
use crate::{
    base::{
        awake::Awake,
        fence::dma_resv::DmaResv, //
    },
    memory::{
        address_space::PageRange,
        coherent::CoherentMemory,
        device_memory::DeviceMemory,
        pages::Pages,
        placement::Placement,
        regions::Allocated,
        registry::Detach, //
    },
    sys::uapi::flags::{
        BoFlag,
        BoFlags, //
    }, //
};
#[cfg(CONFIG_MMU_NOTIFIER)]
use crate::{
    memory::user::UserPages,
    sys::uapi::ACCEL_REGION_FOREIGN, //
};

/// Where the bytes of a buffer are.
pub(super) enum Backing {
    /// In pages of the system, which belong to the object.
    System(Pages),
    /// In memory of the device.
    Device(DeviceMemory),
    /// In memory that was allocated for the device.
    Coherent(Arc<CoherentMemory>),
    /// In an object of its own, which is in memory of the device or of the system.
    Movable(Arc<Movable>),
    /// Wherever the exporter of a dma-buf has them.
    Imported(Arc<Import>),
    /// In the memory of a process.
    #[cfg(CONFIG_MMU_NOTIFIER)]
    User(Pin<KBox<UserPages>>),
}

/// Says that memory of a device has been freed, when it is dropped.
struct FreeNotifier(Arc<Borrowers>);

impl Drop for FreeNotifier {
    fn drop(&mut self) {
        self.0.grant.set_freed();
    }
}

/// The memory of a buffer.
#[pin_data(PinnedDrop)]
pub(crate) struct Object {
    backing: Backing,
    // Dropped after the memory.
    _freed: Option<FreeNotifier>,
    /// Number of the region that the memory is from, or `ACCEL_REGION_FOREIGN`.
    region: u32,
    size: usize,
    pool: Arc<Pool>,
    /// `ACCEL_BO_*`
    flags: BoFlags,
    borrowers: Arc<Borrowers>,
    /// Whether the pool has the ledger.
    is_registered: AtomicFlag,
    #[pin]
    kernel_map: SharedMap,
    /// For memory that is lost when the device sleeps.
    awake: SetOnce<Awake>,
}

impl Object {
    /// Makes an object of so many pages of region `region`, filled with zeros; but for memory of a
    /// device, which is to be filled by [`Self::clear`]. `placement` says
    /// where memory of a device is to be.
    ///
    /// Returns `EINVAL` if there is no such region.
    ///
    /// # Safety
    ///
    /// Unless the region is number 0, the caller must be inside the gate of the device that has
    /// `pool`.
    pub(crate) unsafe fn new(
        pool: Arc<Pool>,
        region: u32,
        pages: usize,
        placement: &Placement,
        flags: BoFlags,
    ) -> Result<Arc<Self>> {
        let place = pool.region(region).ok_or(EINVAL)?;
        let is_of_system = region == 0;
        let borrowers = Borrowers::new(pool.space.clone(), !is_of_system)?;
        // SAFETY: Same requirements. It ends with the others, as the pool is told of it.
        let backing = match unsafe { place.allocate(pages, placement) }? {
            Allocated::System(pages) => Backing::System(pages),
            Allocated::Device(memory) => Backing::Device(memory),
            Allocated::Coherent(memory) => {
                borrowers.set_coherent(memory.clone());
                Backing::Coherent(memory)
            }
        };
        let object =
            Self::with_backing(backing, borrowers, pool, region, pages * PAGE_SIZE, flags)?;
        if !is_of_system {
            // If this fails, it ends here.
            object.register()?;
        }
        Ok(object)
    }

    /// Fills it with zeros, if it is memory of a device. Returns `EINTR` if the process is being
    /// killed, and what `check` does, which is asked again and again.
    ///
    /// # Safety
    ///
    /// The caller must be inside the gate of the device that has the pool.
    pub(crate) unsafe fn clear(&self, check: impl Fn() -> Result) -> Result {
        match &self.backing {
            // SAFETY: The device is there, and so is the region, which the pool has.
            Backing::Device(memory) => unsafe { memory.map() }?.fill_with_zeros(check),
            _ => Ok(()),
        }
    }

    /// Makes an object of so many pages of the system, filled with zeros. Returns `ENOMEM`, `EINTR`
    /// if the process is being killed, and what `check` does, which is asked again and again.
    pub(super) fn system(
        pool: Arc<Pool>,
        pages: usize,
        check: impl Fn() -> Result,
    ) -> Result<Arc<Self>> {
        let backing = Backing::System(Pages::new(pages, check)?);
        let borrowers = Borrowers::new(pool.space.clone(), false)?;
        Self::with_backing(
            backing,
            borrowers,
            pool,
            0,
            pages * PAGE_SIZE,
            BoFlags::empty(),
        )
    }

    /// Keeps the device awake as long as the object is there, if the memory is the device's own.
    pub(crate) fn keep_awake(&self, awake: impl Into<Awake>) {
        match &self.backing {
            Backing::Device(memory) if memory.io().is_some() => {
                self.awake.populate(awake.into());
            }
            // The system keeps it.
            _ => (),
        }
    }

    /// Makes an object of `len` bytes of this process, from `start` on, to be written to or not.
    #[cfg(CONFIG_MMU_NOTIFIER)]
    pub(crate) fn of_user(
        pool: Arc<Pool>,
        start: usize,
        len: usize,
        is_writable: bool,
    ) -> Result<Arc<Self>> {
        let borrowers = Borrowers::new(pool.space.clone(), false)?;
        Self::with_backing(
            Backing::User(UserPages::new(start, len, is_writable)?),
            borrowers,
            pool,
            ACCEL_REGION_FOREIGN,
            len,
            BoFlags::empty(),
        )
    }

    /// Makes an object whose bytes are in `backing`.
    pub(super) fn with_backing(
        backing: Backing,
        borrowers: Arc<Borrowers>,
        pool: Arc<Pool>,
        region: u32,
        size: usize,
        flags: BoFlags,
    ) -> Result<Arc<Self>> {
        let is_of_device = matches!(backing, Backing::Device(_));
        let object = Arc::pin_init(
            pin_init!(Self {
                backing,
                _freed: is_of_device.then(|| FreeNotifier(borrowers.clone())),
                region,
                size,
                pool,
                flags,
                borrowers,
                is_registered: AtomicFlag::new(false),
                kernel_map <- SharedMap::new(),
                awake: SetOnce::new(),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        object.count(|in_use| {
            in_use.fetch_add(size as u64, Relaxed);
        });
        Ok(object)
    }

    /// Calls `f` with how much of the region is in use, if it is one of the device.
    fn count(&self, f: impl FnOnce(&Atomic<u64>)) {
        // What can be moved counts where it is.
        if let Backing::Movable(_) = &self.backing {
            return;
        }
        if let Some(region) = self.pool.region(self.region) {
            f(&region.in_use);
        }
    }

    /// Returns who has the memory.
    pub(super) fn borrowers(&self) -> &Arc<Borrowers> {
        &self.borrowers
    }

    /// Registers it with the pool, so that the removal of the device finds it. The caller must be
    /// inside the gate.
    pub(crate) fn register(&self) -> Result {
        if !self.is_registered.load(Relaxed) {
            if let Backing::Imported(import) = &self.backing {
                self.pool.imports.insert(import)?;
            }
            self.pool.ledgers.insert(&self.borrowers)?;
            self.is_registered.store(true, Relaxed);
        }
        Ok(())
    }

    /// Takes note of what the device has mapped, until [`Self::remove_map`]. The caller must be
    /// inside the gate. If it fails, the mapping ends.
    pub(super) fn add_map(&self, mapped: &Arc<Mapped>) -> Result {
        self.register()
            .and_then(|()| self.borrowers.own_maps.insert(mapped))
            .inspect_err(|_| mapped.end())
    }

    /// Removes what the device had mapped, and has not any more.
    pub(super) fn remove_map(&self, mapped: &Mapped) {
        self.borrowers.own_maps.remove(mapped);
    }

    /// Returns whether the memory goes with the device.
    pub(super) fn is_revocable(&self) -> bool {
        self.borrowers.is_revocable()
    }

    /// See [`Borrowers::while_present`]. Not to be used on what can be moved, but on its home.
    pub(super) fn while_present<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        self.borrowers.while_present(f)
    }

    /// See [`Borrowers::while_granted`]. Not to be used on what can be moved, but on its home.
    pub(super) fn while_granted<R>(&self, f: impl FnOnce() -> R) -> Result<R> {
        self.borrowers.while_granted(f)
    }

    /// Returns the range of the address space in which processes map it.
    pub(super) fn range(&self) -> Result<&PageRange> {
        self.borrowers.range(self.size >> PAGE_SHIFT)
    }

    pub(super) fn backing(&self) -> &Backing {
        &self.backing
    }

    /// Returns a number that no other object has as long as this one is there; for a dma-buf of
    /// somebody else, it is the same for all who import that.
    pub(crate) fn identity(&self) -> usize {
        match &self.backing {
            Backing::Imported(import) => import.identity(),
            _ => core::ptr::from_ref(self).addr(),
        }
    }

    /// Returns the number of the region that the memory is in.
    pub(crate) fn region(&self) -> u32 {
        match &self.backing {
            Backing::Movable(movable) => movable.home().region,
            _ => self.region,
        }
    }

    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Returns whether it is a buffer of the device that has `pool`.
    pub(crate) fn is_of(&self, pool: &Arc<Pool>) -> bool {
        Arc::ptr_eq(&self.pool, pool)
    }

    /// Returns its size in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Returns the flags with which it was made.
    pub(crate) fn flags(&self) -> BoFlags {
        self.flags
    }

    /// Returns whether mappings have all their pages at once.
    pub(super) fn is_populated(&self) -> bool {
        self.flags.contains(BoFlag::Populate)
    }

    /// Gives up a reference, outside of the gate. If it is the last one, the device is detached
    /// when this returns.
    pub(crate) fn release(self: Arc<Self>) {
        // All else is not put off anyway.
        if let Backing::Imported(import) = &self.backing {
            let import = import.clone();
            if let Some(last) = Arc::into_unique_or_drop(self) {
                drop(last);
                import.detach();
            }
        }
    }

    /// Returns the fences of those who work on the memory.
    pub(crate) fn reservation(&self) -> &DmaResv {
        &self.borrowers.reservation
    }

    pub(super) fn foreign_maps(&self) -> &ForeignMaps {
        &self.borrowers.foreign_maps
    }

    pub(super) fn kernel_map(&self) -> &SharedMap {
        &self.kernel_map
    }
}

#[pinned_drop]
impl PinnedDrop for Object {
    fn drop(self: Pin<&mut Self>) {
        // Nobody has it, so there is nothing to revoke.
        self.borrowers.detach();
        if let Backing::Imported(import) = &self.backing {
            import.detach_soon();
        }
        if self.is_registered.load(Relaxed) {
            self.pool.ledgers.remove(&self.borrowers);
        }
        if let Backing::Movable(movable) = &self.backing {
            self.pool.movables.remove(movable);
        }
        self.count(|in_use| {
            in_use.fetch_sub(self.size as u64, Relaxed);
        });
    }
}
