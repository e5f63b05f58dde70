// SPDX-License-Identifier: GPL-2.0

//! What buffers have of their device: a pool, and calls inside its gate.

use kernel::{
    device, new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
};

use super::{
    borrowers::Borrowers,
    import::Import,
    movable::{
        migrate::CopyRequest,
        Movable, //
    }, //
};
use crate::{
    base::awake::Awake,
    memory::{
        address_space::AddressSpace,
        grant::Permission,
        regions::{
            Region,
            Regions, //
        },
        registry::Registry, //
    }, //
};

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
    /// Of the dma-bufs that the device is attached to, those which objects have.
    #[pin]
    pub(super) imports: Registry<Import>,
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
            imports <- Registry::new(),
            movables <- Registry::new(),
            evicting <- new_mutex!(()),
            system: Region::system()?,
            more: regions.into_list(),
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
            self.ledgers.for_each(Borrowers::revoke);
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
        // What is mapped ends before what it is a mapping of.
        self.ledgers.detach_all();
        for import in self.imports.take_all().values() {
            import.revoke();
        }
    }
}

/// A call inside the gate of a device. As long as it is borrowed, the device is bound.
pub(crate) trait Caller {
    /// Returns the device on the bus.
    fn parent(&self) -> &device::Device<device::Bound>;

    /// Returns what buffers have of the device.
    fn pool(&self) -> &Arc<Pool>;

    /// Returns `ENODEV` if the device is to go, and `EAGAIN` if it is to be reset: a caller inside
    /// the gate holds that up, and with it those whom it may wait for.
    fn may_wait(&self) -> Result;

    /// Keeps the device awake, if it is. Does not sleep.
    fn hold_awake(&self) -> Option<Awake>;

    /// Has the driver copy a buffer. Returns `EOPNOTSUPP` if it cannot.
    fn copy_buffer(&self, request: &CopyRequest<'_>) -> Result;
}
