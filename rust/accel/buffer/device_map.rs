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

use core::ops::Range;
use kernel::{
    bindings,
    dma::{
        Coherent,
        DataDirection,
        DmaAddress, //
    },
    new_mutex,
    prelude::*,
    scatterlist::{
        SGTable,
        SGTableIter, //
    },
    static_lock_class,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        LockClassKey,
        Mutex, //
    },
};

use super::{
    import::{
        Import,
        ImportMap, //
    },
    mapped_table::MappedTable,
    movable::Pinned,
    object::{
        Backing,
        Object, //
    },
    pool::Pool,
    registry::Ends,
    vmap::VMap, //
};
use crate::{
    context::Context,
    device::Core,
    driver::AccelDriver,
    ffi,
    state::State, //
};

/// A part of a buffer that is mapped for a device.
///
/// # Invariants
///
/// Until `ended`, the device finds the bytes as `table` says.
#[pin_data(PinnedDrop)]
pub(super) struct Mapped {
    object: Arc<Object>,
    /// The part that is meant.
    range: Range<usize>,
    table: Table,
    #[pin]
    copy: Mutex<Option<Copied>>,
    /// Whether what the device has written to a copy is wanted.
    writes_back: AtomicFlag,
    _pin: Option<Pinned>,
    // Held while it ends: who comes second returns when it has.
    #[pin]
    ended: Mutex<bool>,
}

/// The copy that a device works on, and what it is a copy of.
struct Copied {
    memory: Coherent<[u8]>,
    source: VMap,
}

/// How a device finds the bytes.
enum Table {
    /// By a table of our own, of the part that is meant.
    Own(MappedTable),
    /// By a table of an exporter, of the whole buffer.
    Foreign(Arc<Import>, ImportMap),
    /// At this address is a copy of the part that is meant.
    Copy(DmaAddress),
    /// At this address is the part that is meant, as long as the device is there.
    Always(DmaAddress),
}

// SAFETY: A table may be used from any thread.
unsafe impl Send for Table {}
// SAFETY: As above.
unsafe impl Sync for Table {}

impl Mapped {
    /// Maps `range` of `object` for the device of `core`. The caller must be inside the gate.
    fn new(
        core: &Core,
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
        class: Pin<&'static LockClassKey>,
    ) -> Result<Arc<Self>> {
        let (object, pin) = object.pinned()?;
        let (table, copy) = Table::new(core, &object, &range, direction)?;
        // INVARIANT: It was just mapped.
        Arc::pin_init(
            pin_init!(Self {
                object,
                range,
                table,
                copy <- new_mutex!(copy),
                writes_back: AtomicFlag::new(direction != DataDirection::ToDevice),
                _pin: pin,
                ended <- Mutex::new(false, c"Mapped::ended", class),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }
}

impl Mapped {
    /// Calls `f` with the table, if it is one of our own and has not ended.
    fn if_own(&self, f: impl FnOnce(&MappedTable)) {
        let ended = self.ended.lock();
        if let (Table::Own(own), false) = (&self.table, *ended) {
            f(own);
        }
    }
}

/// How a device gets at memory.
struct Reach {
    /// It cannot address all memory.
    is_narrow: bool,
    /// It finds memory at addresses that are made for it.
    is_translated: bool,
    /// What it does may be done to a copy that the DMA API keeps.
    may_bounce: bool,
}

impl Reach {
    /// Returns `EOPNOTSUPP` if the device is not set up for DMA.
    ///
    /// # Safety
    ///
    /// The device must be valid.
    unsafe fn of(device: *mut bindings::device) -> Result<Self> {
        // SAFETY: Same requirements. What comes second is only asked of a device that is set up.
        unsafe {
            if !ffi::accel_helper_can_dma(device) {
                return Err(EOPNOTSUPP);
            }
            Ok(Self {
                is_narrow: bindings::dma_addressing_limited(device),
                is_translated: ffi::accel_helper_is_translated(device),
                may_bounce: ffi::accel_helper_dma_may_bounce(device),
            })
        }
    }
}

impl Table {
    /// Maps `range` of `object` for the device of `core`, or a copy of it, which comes with it
    /// then. The caller must be inside the gate.
    fn new(
        core: &Core,
        object: &Arc<Object>,
        range: &Range<usize>,
        direction: DataDirection,
    ) -> Result<(Self, Option<Copied>)> {
        let device = ffi::device_as_raw(core.parent());
        // SAFETY: The parent is a valid device.
        let reach = unsafe { Reach::of(device) }?;
        let copy = || {
            let copied = copy_out(core, object, range)?;
            Ok((Self::Copy(copied.memory.dma_address()), Some(copied)))
        };
        let table = match object.backing() {
            Backing::Coherent(memory) => {
                if !object.is_of(&core.pool) {
                    return Err(EINVAL);
                }
                // CAST: An address is at least as wide as a size.
                Ok(Self::Always(memory.address() + range.start as DmaAddress))
            }
            Backing::Device(memory) if memory.io().is_some() => Err(EOPNOTSUPP),
            _ if reach.is_narrow && !reach.is_translated => return copy(),
            Backing::Imported(import) => {
                if reach.may_bounce {
                    match copy() {
                        // It is memory that only devices access, so nothing bounces.
                        Err(e) if e == EOPNOTSUPP => (),
                        copied => return copied,
                    }
                }
                let check = || match core.gate.state() {
                    State::Running => Ok(()),
                    State::Gone => Err(ENODEV),
                    State::Resetting | State::Wedged => Err(EAGAIN),
                };
                import
                    .map(check)
                    .map(|map| Self::Foreign(import.clone(), map))
            }
            // SAFETY: The device is bound. The mapping ends before that does, and when it ends, by
            // the invariants of `Mapped` nobody uses it any more.
            _ => {
                unsafe { MappedTable::new(object, range, device, direction.into()) }.map(Self::Own)
            }
        };
        match table {
            // There are too few addresses left that it can use, or there is no room to bounce it.
            Err(e) if e == ENOMEM && (reach.is_narrow || reach.may_bounce) => copy(),
            table => Ok((table?, None)),
        }
    }
}

/// Copies a part of a buffer to where the device of `core` can reach it.
fn copy_out(core: &Core, object: &Arc<Object>, range: &Range<usize>) -> Result<Copied> {
    // SAFETY: The caller is inside the gate, so the parent is bound.
    let parent = unsafe { core.parent().as_bound() };
    let source = VMap::new(object)?;
    let memory = Coherent::<u8>::zeroed_slice(parent, range.len(), GFP_KERNEL_ACCOUNT)?;
    // SAFETY: The device does not know the memory yet.
    source.read(range.start, unsafe { memory.as_mut() })?;
    Ok(Copied { memory, source })
}

impl Ends for Mapped {
    fn end(&self) {
        let mut ended = self.ended.lock();
        if core::mem::replace(&mut *ended, true) {
            return;
        }
        match &self.table {
            Table::Own(own) => own.unmap(),
            Table::Always(_) => (),
            // SAFETY: It was mapped so, and by the type invariants nobody uses it any more.
            Table::Foreign(import, map) => unsafe { import.unmap(map) },
            Table::Copy(_) => {
                let copy = self.copy.lock().take();
                let wanted = self.writes_back.load(Relaxed);
                if let Some(Copied { memory, source }) = copy.filter(|_| wanted) {
                    // If it cannot be written back, it is gone. SAFETY: The device has finished.
                    let _ = source.write(self.range.start, unsafe { memory.as_ref() });
                }
            }
        }
    }
}

#[pinned_drop]
impl PinnedDrop for Mapped {
    fn drop(self: Pin<&mut Self>) {
        self.end();
    }
}

/// A part of a buffer that the device can access, until this is dropped.
///
/// The device must have finished by then, or be quiesced. If the device goes before, it ends
/// earlier: after the driver's data is dropped, which is when the device is quiesced.
pub struct DeviceMap {
    mapped: Arc<Mapped>,
    pool: Arc<Pool>,
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
    /// Maps `range` of `object` for the device of `core`. The caller must be inside the gate.
    pub(super) fn new(
        core: &Core,
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
    ) -> Result<Self> {
        // What is mapped ends with the device of the buffer.
        if range.is_empty() || range.end > object.size() || !object.is_of(&core.pool) {
            return Err(EINVAL);
        }
        Self::with_class(core, object, range, direction, static_lock_class!())
    }

    /// Maps all of `object`, which is memory of the system, for the device of `core`, with a
    /// reservation locked. To end other mappings, reservations are locked.
    pub(super) fn of_move(
        core: &Core,
        object: Arc<Object>,
        direction: DataDirection,
    ) -> Result<Self> {
        let range = 0..object.size();
        Self::with_class(core, object, range, direction, static_lock_class!())
    }

    fn with_class(
        core: &Core,
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
        class: Pin<&'static LockClassKey>,
    ) -> Result<Self> {
        let mapped = Mapped::new(core, object, range, direction, class)?;
        mapped.object.add_map(&mapped)?;
        Ok(Self {
            mapped,
            pool: core.pool.clone(),
        })
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
            Table::Foreign(import, map) => import.is_lost(map),
            _ => false,
        }
    }

    /// Returns whether the device works on a copy.
    pub(super) fn is_copy(&self) -> bool {
        matches!(self.mapped.table, Table::Copy(_))
    }

    /// Makes what the processor has written visible to the device, if it is mapped again and again.
    pub(super) fn sync_for_device(&self) {
        self.mapped.if_own(MappedTable::sync_for_device);
    }

    /// Makes what the device has written visible to the processor, before it is unmapped.
    pub(super) fn sync_for_cpu(&self) {
        self.mapped.if_own(MappedTable::sync_for_cpu);
    }

    /// Returns the table as the kernel crate has it, for a driver that hands such tables on, and
    /// which of its bytes are those that are mapped: all, or for what was imported, the part that
    /// is meant of the whole buffer. `None` if there is none, as the device finds
    /// all of it at one address: that of the only one of [`Self::pieces`].
    ///
    /// Returns `EINVAL` if the mapping is for another device.
    pub fn table<'a, T: AccelDriver, R>(
        &'a self,
        ctx: &'a Context<'_, T, R>,
    ) -> Result<Option<(&'a SGTable, Range<usize>)>> {
        if !Arc::ptr_eq(ctx.pool(), &self.pool) {
            return Err(EINVAL);
        }
        // What is mapped stays so: as long as the context is there, the device is.
        let (table, range) = match &self.mapped.table {
            Table::Own(own) => (own.as_raw(), 0..self.size()),
            Table::Foreign(_, map) => (map.table(), self.mapped.range.clone()),
            Table::Copy(_) | Table::Always(_) => return Ok(None),
        };
        // SAFETY: The table is valid and stays the same until the mapping ends: not before the
        // context is gone, nor before `self` is.
        let table = unsafe { SGTable::from_raw(table) };
        Ok(Some((table, range)))
    }

    /// Returns the pieces from byte `offset` of what is mapped on. Returns `EINVAL` if there is no
    /// such byte, or if the mapping is for another device.
    pub fn pieces<'a, T: AccelDriver, R>(
        &'a self,
        ctx: &'a Context<'_, T, R>,
        offset: usize,
    ) -> Result<Pieces<'a>> {
        let table = self.table(ctx)?;
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
        self.mapped.object.unmap(&self.mapped);
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
