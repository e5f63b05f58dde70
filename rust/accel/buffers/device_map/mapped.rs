// SPDX-License-Identifier: GPL-2.0

//! How a device gets at a part of a buffer.

use core::ops::Range;
#[cfg(CONFIG_MMU_NOTIFIER)]
use core::ptr::NonNull;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        Coherent,
        DataDirection,
        DmaAddress, //
    },
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
};

use crate::{
    buffers::{
        import::ImportMap,
        movable::Pinned,
        object::{
            Backing,
            Object, //
        },
        pool::Caller,
        vmap::{
            Accessor,
            VMap, //
        }, //
    },
    memory::{
        registry::Detach,
        table::{
            MappedTable,
            SegmentLimits,
            Segments, //
        }, //
    },
    sys::ffi, //
};

/// A part of a buffer that is mapped for a device.
///
/// # Invariants
///
/// Until `detached`, the device finds the bytes as `table` says.
#[pin_data(PinnedDrop)]
pub(in crate::buffers) struct Mapped {
    pub(super) object: Arc<Object>,
    /// The part that is meant.
    pub(super) range: Range<usize>,
    pub(super) table: Table,
    #[pin]
    copy: Mutex<Option<Copied>>,
    /// Whether what the device has written to a copy is wanted.
    pub(super) writes_back: AtomicFlag,
    _pin: Option<Pinned>,
    // Held while it ends: who comes second returns when it has.
    #[pin]
    detached: Mutex<bool>,
}

/// The copy that a device works on, and what it is a copy of.
struct Copied {
    memory: Coherent<[u8]>,
    source: VMap,
}

/// How a device finds the bytes.
pub(super) enum Table {
    /// By a table of our own, of the part that is meant.
    Own(MappedTable),
    /// By a table of an exporter, of the whole buffer.
    Foreign(ImportMap),
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
    /// Maps `range` of `object` for the device of `caller`. The caller must be inside the gate.
    pub(super) fn new(
        caller: &dyn Caller,
        object: Arc<Object>,
        range: Range<usize>,
        direction: DataDirection,
        copying: Copying,
    ) -> Result<Arc<Self>> {
        let (object, pin) = object.pinned(|| caller.may_wait())?;
        // When the memory is there: after the mapping, nothing can fail.
        let mapped = pin_init::pin_init_scope(move || {
            let (table, copy) = Table::new(caller, &object, &range, direction, copying)?;
            // INVARIANT: It was just mapped.
            Ok(try_pin_init!(Self {
                object,
                range,
                table,
                copy <- new_mutex!(copy),
                writes_back: AtomicFlag::new(direction != DataDirection::ToDevice),
                _pin: pin,
                detached <- new_mutex!(false),
            }? Error))
        });
        Arc::pin_init(mapped, GFP_KERNEL_ACCOUNT)
    }
}

impl Mapped {
    /// Makes what the processor has written visible to the device. Returns what prevents that from
    /// being copied.
    pub(super) fn sync_for_device(&self) -> Result {
        self.if_own(MappedTable::sync_for_device);
        self.if_copied(|copied, start| {
            // SAFETY: The device does not use it meanwhile, as the driver says.
            copied.source.read(start, unsafe { copied.memory.as_mut() })
        })
    }

    /// Makes what the device has written visible to the processor. Returns what prevents that from
    /// being copied.
    pub(super) fn sync_for_cpu(&self) -> Result {
        self.if_own(MappedTable::sync_for_cpu);
        self.if_copied(|copied, start| {
            if !self.writes_back.load(Relaxed) {
                return Ok(());
            }
            // SAFETY: As above.
            let written = unsafe { copied.memory.as_ref() };
            copied.source.write(start, written)
        })
    }

    /// Calls `f` with the copy, and where it begins in what it is a copy of, if there is one.
    fn if_copied(&self, f: impl FnOnce(&Copied, usize) -> Result) -> Result {
        match &*self.copy.lock() {
            Some(copied) => f(copied, self.range.start),
            None => Ok(()),
        }
    }

    /// Calls `f` with the table, if it is one of our own and has not ended.
    pub(super) fn if_own(&self, f: impl FnOnce(&MappedTable)) {
        let detached = self.detached.lock();
        if let (Table::Own(own), false) = (&self.table, *detached) {
            f(own);
        }
    }
}

/// Whether a device may work on a copy.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Copying {
    Allowed,
    Forbidden,
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
    fn of(device: &Device<Bound>) -> Result<Self> {
        if !ffi::accel_helper_can_dma(device) {
            return Err(EOPNOTSUPP);
        }
        Ok(Self {
            is_narrow: ffi::dma_addressing_limited(device),
            is_translated: ffi::accel_helper_is_translated(device),
            may_bounce: ffi::accel_helper_dma_may_bounce(device),
        })
    }

    /// Returns whether what the device does may be done to a copy, whoever keeps that.
    fn may_copy(&self) -> bool {
        self.is_narrow && !self.is_translated || self.may_bounce
    }
}

impl Table {
    /// Maps `range` of `object` for the device of `caller`, or a copy of it, which comes with it
    /// then. The caller must be inside the gate.
    fn new(
        caller: &dyn Caller,
        object: &Arc<Object>,
        range: &Range<usize>,
        direction: DataDirection,
        copying: Copying,
    ) -> Result<(Self, Option<Copied>)> {
        let device = caller.parent();
        let reach = Reach::of(device)?;
        let check = || caller.may_wait();
        let copy = || {
            let accessor = match direction {
                DataDirection::ToDevice => Accessor::Reader,
                _ => Accessor::Writer,
            };
            let source = VMap::new(object, accessor, &check)?;
            let copied = copy_out(caller, source, range)?;
            Ok((Self::Copy(copied.memory.dma_address()), Some(copied)))
        };
        let table = match object.backing() {
            Backing::Coherent(memory) => {
                if !object.is_of(caller.pool()) {
                    return Err(EINVAL);
                }
                // CAST: An address is at least as wide as a size.
                Ok(Self::Always(memory.address() + range.start as DmaAddress))
            }
            Backing::Device(memory) if memory.io().is_some() => Err(EOPNOTSUPP),
            _ if copying == Copying::Forbidden && reach.may_copy() => Err(EOPNOTSUPP),
            _ if reach.is_narrow && !reach.is_translated => return copy(),
            Backing::Imported(import) => {
                if reach.may_bounce {
                    match copy() {
                        // It is memory that only devices access, so nothing bounces.
                        Err(e) if e == EOPNOTSUPP => (),
                        copied => return copied,
                    }
                }
                import.map().map(Self::Foreign)
            }
            _ => object.segments(range, device).and_then(|segments| {
                // SAFETY: Segments of an object are memory of the system. The device is bound. The
                // mapping ends before that does, and when it ends, by the invariants of `Mapped`
                // nobody uses it any more.
                let table = unsafe { MappedTable::new(&segments, device, direction.into()) };
                table.map(Self::Own)
            }),
        };
        match table {
            // There are too few addresses left that it can use, or there is no room to bounce it.
            Err(e)
                if e == ENOMEM
                    && copying == Copying::Allowed
                    && (reach.is_narrow || reach.may_bounce) =>
            {
                copy()
            }
            table => Ok((table?, None)),
        }
    }
}

impl Object {
    /// Returns the segments that `range` consists of, in bytes of the memory, for `device`. All are
    /// memory of the system: else returns `EOPNOTSUPP`. Returns `EFAULT` if it is not the process's
    /// any more.
    pub(in crate::buffers) fn segments(
        &self,
        range: &Range<usize>,
        device: &Device<Bound>,
    ) -> Result<Segments> {
        let mut segments = Segments::new(range.clone(), SegmentLimits::of(device));
        let Range { start, end } = segments.pages();
        match self.backing() {
            Backing::System(pages) => {
                pages.for_each_run(start, end - start, |before, pfn, count| {
                    segments.add_run(start + before, pfn, count)
                })?;
            }
            Backing::Device(memory) if memory.io().is_none() => {
                let pfn = memory.around(start).ok_or(EINVAL)?.pfn;
                segments.add_run(start, pfn, end - start)?;
            }
            Backing::Coherent(memory) => {
                memory.for_each_run(|first, pfn, count| segments.add_run(first, pfn, count))?;
            }
            #[cfg(CONFIG_MMU_NOTIFIER)]
            Backing::User(user) => {
                user.check()?;
                let pages = user.pages().get(start..end).ok_or(EINVAL)?;
                for (before, page) in pages.iter().enumerate() {
                    let pfn = ffi::page_to_pfn(NonNull::new(*page).ok_or(EINVAL)?);
                    segments.add_run(start + before, pfn, 1)?;
                }
            }
            _ => return Err(EOPNOTSUPP),
        }
        Ok(segments)
    }
}

/// Copies a part of `source` to where the device of `caller` can reach it.
fn copy_out(caller: &dyn Caller, source: VMap, range: &Range<usize>) -> Result<Copied> {
    let memory = Coherent::<u8>::zeroed_slice(caller.parent(), range.len(), GFP_KERNEL_ACCOUNT)?;
    // SAFETY: The device does not know the memory yet.
    source.read(range.start, unsafe { memory.as_mut() })?;
    Ok(Copied { memory, source })
}

impl Mapped {
    /// Ends it, and takes it out of the ledger.
    pub(in crate::buffers) fn end(&self) {
        self.detach();
        self.object.remove_map(self);
    }
}

impl Detach for Mapped {
    fn detach(&self) {
        let mut detached = self.detached.lock();
        if *detached {
            return;
        }
        match &self.table {
            Table::Own(own) => own.unmap(),
            // What an exporter has mapped goes with its last user; and when the device goes, after
            // this.
            Table::Always(_) | Table::Foreign(_) => (),
            Table::Copy(_) => {
                let copy = self.copy.lock().take();
                let wanted = self.writes_back.load(Relaxed);
                if let Some(Copied { memory, source }) = copy.filter(|_| wanted) {
                    // If it cannot be written back, it is gone. SAFETY: The device has finished.
                    let _ = source.write(self.range.start, unsafe { memory.as_ref() });
                }
            }
        }
        *detached = true;
    }
}

#[pinned_drop]
impl PinnedDrop for Mapped {
    fn drop(self: Pin<&mut Self>) {
        self.detach();
    }
}
