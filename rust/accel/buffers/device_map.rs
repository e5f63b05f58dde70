// SPDX-License-Identifier: GPL-2.0

//! Buffers in the hands of the device.
//!
//! A driver that has a part of a buffer mapped for its device holds a [`DeviceMap`]. The mapping
//! ends when that is dropped, and at the latest when the device goes: then the framework ends it,
//! after the driver has quiesced the device (its data is dropped). So a driver can leave the gate
//! while the device works, and need not come back in time.
//!
//! A device that cannot address all memory works on a copy, where it can reach it; behind an IOMMU,
//! only if not even that finds addresses for all of the buffer.
//!
//! ```text
//!   keep_for_device()          begin()               dropped
//!   ----------------> nothing --------> in use -------------> idle, mapped
//!                        ^                ^        begin()      |
//!                        |                '---------------------|
//!                        '--------------------------------------'
//!                         the exporter takes the memory back
//! ```
//!
//! A [`DeviceMap`] is for one piece of work: as long as there is one, the device works. Whoever
//! exports memory may have to wait for that, but not until user space closes a handle. So what a
//! driver keeps for longer is a [`KeptMap`], which gives the memory back as soon as it is idle.

mod mapped;

use core::ops::{
    Deref,
    Range, //
};
use kernel::{
    dma::{
        DataDirection,
        DmaAddress, //
    },
    new_mutex,
    prelude::*,
    scatterlist::{
        SGTable,
        SGTableIter, //
    },
    sync::{
        atomic::Relaxed,
        Arc,
        Mutex, //
    },
};

pub(crate) use self::mapped::Copying;
pub(super) use self::mapped::Mapped;

use self::mapped::Table;
use super::{
    object::{
        Backing,
        Object, //
    },
    pool::Caller, //
};
use crate::memory::table::MappedTable;

/// A part of a buffer that the device can access, until this is dropped.
///
/// The device must have finished by then, or be quiesced. If the device goes before, it ends
/// earlier: after the driver's data is dropped, which is when the device is quiesced.
///
/// # Examples
///
/// ```
/// use accel::{buffer::DeviceMap, prelude::*};
///
/// /// Writes the address and the length of each piece to the hardware.
/// fn program<T: AccelDriver>(
///     ctx: &Context<'_, T>,
///     map: &DeviceMap,
///     write: impl Fn(u64, usize),
/// ) -> Result {
///     for piece in map.pieces(ctx, 0)? {
///         write(piece.address, piece.len);
///     }
///     Ok(())
/// }
/// ```
pub struct DeviceMap {
    mapped: Arc<Mapped>,
}

/// A piece of a buffer that has one address for the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where the device finds it.
    pub address: DmaAddress,
    /// How many bytes it has.
    pub len: usize,
}

impl DeviceMap {
    /// Maps `range` of `object` for the device of `caller`.
    pub(crate) fn new(
        caller: &dyn Caller,
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
        copying: Copying,
    ) -> Result<Self> {
        // What is mapped ends with the device of the buffer.
        if range.is_empty() || range.end > object.size() || !object.is_of(caller.pool()) {
            return Err(EINVAL);
        }
        Self::of_range(caller, object, range, direction, copying)
    }

    /// Maps all of `object`, which is memory of the system, for the device of `caller`, which it
    /// need not be a buffer of.
    pub(super) fn of_move(
        caller: &dyn Caller,
        object: Arc<Object>,
        direction: DataDirection,
    ) -> Result<Self> {
        let range = 0..object.size();
        Self::of_range(caller, object, range, direction, Copying::Allowed)
    }

    fn of_range(
        caller: &dyn Caller,
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
        copying: Copying,
    ) -> Result<Self> {
        let mapped = Mapped::new(caller, object, range, direction, copying)?;
        mapped.object.add_map(&mapped)?;
        Ok(Self { mapped })
    }

    /// Returns how many bytes are mapped.
    pub fn size(&self) -> usize {
        self.mapped.range.len()
    }

    /// Says that nobody waits for what the device does any more: if it works on a copy, that is not
    /// written back.
    pub fn abandon(&self) {
        self.mapped.writes_back.store(false, Relaxed);
    }

    /// Returns whether the exporter of an imported buffer has taken the memory away since, so that
    /// what the device has read of it is worth nothing.
    pub fn is_lost(&self) -> bool {
        match &self.mapped.table {
            Table::Foreign(map) => map.is_lost(),
            _ => false,
        }
    }

    /// Returns whether the device works on a copy.
    pub(super) fn is_copy(&self) -> bool {
        matches!(self.mapped.table, Table::Copy(_))
    }

    /// See [`Self::sync_for_device`].
    pub(crate) fn sync_to_device(&self) -> Result {
        self.mapped.sync_for_device()
    }

    /// See [`Self::sync_for_cpu`].
    pub(crate) fn sync_to_cpu(&self) -> Result {
        self.mapped.sync_for_cpu()
    }

    /// Returns the table, and which of its bytes are those that are mapped. See [`Self::table`].
    pub(crate) fn table_for<'a>(
        &'a self,
        caller: &'a dyn Caller,
    ) -> Result<Option<(&'a SGTable, Range<usize>)>> {
        if !self.mapped.object.is_of(caller.pool()) {
            return Err(EINVAL);
        }
        // What is mapped stays so: as long as the caller is borrowed, the device is there.
        let (table, range) = match &self.mapped.table {
            Table::Own(own) => (own.as_raw(), 0..self.size()),
            Table::Foreign(map) => (map.table(), self.mapped.range.clone()),
            Table::Copy(_) | Table::Always(_) => return Ok(None),
        };
        // SAFETY: The table is valid and stays the same until the mapping ends: not before the
        // caller is gone, nor before `self` is.
        let table = unsafe { SGTable::from_raw(table) };
        Ok(Some((table, range)))
    }

    /// Returns the pieces from byte `offset` of what is mapped on. See [`Self::pieces`].
    pub(crate) fn pieces_for<'a>(
        &'a self,
        caller: &'a dyn Caller,
        offset: usize,
    ) -> Result<Pieces<'a>> {
        let table = self.table_for(caller)?;
        let left = self.size().checked_sub(offset).filter(|left| *left > 0);
        let left = left.ok_or(EINVAL)?;
        let mut pieces = Pieces {
            entries: None,
            first: None,
            skip: 0,
            left,
        };
        if let Some((table, range)) = table {
            pieces.entries = Some(table.iter());
            pieces.skip = range.start + offset;
        } else if let Table::Copy(address) | Table::Always(address) = &self.mapped.table {
            pieces.first = Some(Piece {
                // CAST: An address is at least as wide as a size.
                address: address + offset as DmaAddress,
                len: left,
            });
        }
        Ok(pieces)
    }
}

impl Drop for DeviceMap {
    fn drop(&mut self) {
        self.mapped.end();
    }
}

/// The pieces of a [`DeviceMap`].
pub struct Pieces<'a> {
    entries: Option<SGTableIter<'a>>,
    first: Option<Piece>,
    skip: usize,
    left: usize,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        if let Some(piece) = self.first.take() {
            return Some(piece);
        }
        while self.left > 0 {
            let entry = self.entries.as_mut()?.next()?;
            let len = usize::try_from(entry.dma_len()).ok()?;
            let skipped = self.skip.min(len);
            self.skip -= skipped;
            if skipped < len {
                let len = (len - skipped).min(self.left);
                self.left -= len;
                return Some(Piece {
                    address: entry.dma_address() + skipped as DmaAddress,
                    len,
                });
            }
        }
        None
    }
}

/// A part of a buffer that stays mapped for a device, as long as nobody takes the memory back.
pub struct KeptMap {
    kept: Arc<Kept>,
}

/// What an import knows of a [`KeptMap`].
#[pin_data]
pub(super) struct Kept {
    object: Arc<Object>,
    range: Range<usize>,
    direction: DataDirection,
    #[pin]
    current: Mutex<Option<Arc<Shared>>>,
}

/// What is mapped, for all pieces of work that are under way.
#[pin_data]
struct Shared {
    map: DeviceMap,
    /// How many these are.
    #[pin]
    users: Mutex<usize>,
}

impl Kept {
    /// Gives the memory back, when the last piece of work that is under way is done.
    pub(super) fn release(&self) {
        let current = self.current.lock().take();
        // Not with the lock held, under which others map it.
        drop(current);
    }
}

impl KeptMap {
    pub(crate) fn new(
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
    ) -> Result<Self> {
        let kept = Arc::pin_init(
            pin_init!(Kept {
                object,
                range,
                direction,
                current <- new_mutex!(None),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        if let Backing::Imported(import) = kept.object.backing() {
            import.kept.insert(&kept)?;
        }
        Ok(Self { kept })
    }

    /// Begins a piece of work of the device of `caller`. See [`Self::begin`].
    pub(crate) fn begin_for(&self, caller: &dyn Caller) -> Result<MapInUse> {
        let kept = &self.kept;
        let mut current = kept.current.lock();
        if let Some(shared) = current.as_ref().filter(|shared| !shared.map.is_lost()) {
            return Ok(MapInUse::new(shared.clone()));
        }
        // What is idle counts as a user of the mapping that was taken back.
        drop(current.take());
        let object = kept.object.clone();
        let (range, copying) = (kept.range.clone(), Copying::Allowed);
        let map = DeviceMap::new(caller, object, range, kept.direction, copying)?;
        // A copy is one of what the buffer has now.
        let is_kept = !map.is_copy();
        let shared = Arc::pin_init(
            pin_init!(Shared {
                map,
                users <- new_mutex!(0),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        if is_kept {
            *current = Some(shared.clone());
        }
        drop(current);
        Ok(MapInUse::new(shared))
    }
}

impl Drop for KeptMap {
    fn drop(&mut self) {
        if let Backing::Imported(import) = self.kept.object.backing() {
            import.kept.remove(&self.kept);
        }
        self.kept.release();
    }
}

/// A [`DeviceMap`] that a device works on, until this is dropped.
pub struct MapInUse {
    shared: Arc<Shared>,
}

impl MapInUse {
    fn new(shared: Arc<Shared>) -> Self {
        let mut users = shared.users.lock();
        if *users == 0 {
            shared.map.mapped.if_own(MappedTable::sync_for_device);
        }
        *users += 1;
        drop(users);
        Self { shared }
    }
}

impl Deref for MapInUse {
    type Target = DeviceMap;

    fn deref(&self) -> &DeviceMap {
        &self.shared.map
    }
}

impl Drop for MapInUse {
    fn drop(&mut self) {
        let mut users = self.shared.users.lock();
        *users -= 1;
        if *users == 0 {
            self.shared.map.mapped.if_own(MappedTable::sync_for_cpu);
        }
    }
}
