// SPDX-License-Identifier: GPL-2.0

//! The addresses of a context: a table of pages, by which the device confines what its commands
//! reach, and the memory behind it.

use accel::{
    buffer::{
        DeviceMap,
        Memory,
        Piece,
        Placed, //
    },
    prelude::*,
    uapi::ACCEL_REGION_FOREIGN, //
};
use core::ops::Range;
use kernel::{
    device,
    dma::{
        Coherent,
        DataDirection,
        DmaAddress, //
    },
    io::io_write,
    new_mutex,
    sync::{
        atomic::{
            AtomicFlag,
            Relaxed, //
        },
        barrier::{
            dma_mb,
            Full,
            Write, //
        },
        Mutex, //
    },
    time::{
        Instant,
        Monotonic, //
    },
};

use crate::{
    uapi::ACCEL_NPU_ADDRESSES,
    Npu, //
};

/// How many bytes an entry of the table is for.
const PAGE: u64 = 4096;
/// How many entries a table has.
pub(crate) const PAGES: u32 = (ACCEL_NPU_ADDRESSES / PAGE) as u32;

/// How long a command may take that is under way when memory is unmapped, in milliseconds.
pub(crate) const UNMAP_MS: u32 = 1000;

const VALID: u64 = 1 << 0;
const WRITABLE: u64 = 1 << 1;
/// The page is in the memory of the device, of region 1.
const LOCAL: u64 = 1 << 63;

/// What keeps memory where the device finds it.
enum Backing {
    Local(Placed),
    System(DeviceMap),
}

/// What is mapped somewhere.
struct Mapping {
    pages: Range<usize>,
    backing: Backing,
    cut: Option<Cut>,
}

/// What the context did when it was cut off from the memory of a mapping: how many commands were
/// done, and when that was.
struct Cut {
    completed: u32,
    at: Instant<Monotonic>,
}

impl Mapping {
    fn address(&self) -> u64 {
        self.pages.start as u64 * PAGE
    }

    /// Returns whether the exporter of the memory wants it back.
    fn is_lost(&self) -> bool {
        matches!(&self.backing, Backing::System(map) if map.is_lost())
    }

    /// Returns whether it was cut, and no command uses it any more.
    fn is_over(&self, activity: Activity) -> bool {
        let cut = self.cut.as_ref();
        cut.is_some_and(|cut| !activity.is_running || activity.completed != cut.completed)
    }
}

/// What a context does: how many commands are done, and whether it executes one.
#[derive(Clone, Copy)]
pub(crate) struct Activity {
    pub(crate) completed: u32,
    pub(crate) is_running: bool,
}

/// The addresses of a context.
#[pin_data]
pub(crate) struct Space {
    table: Coherent<[u64]>,
    // INVARIANT: An entry of the table is valid only if it is in the range of one of these, which
    // is not cut.
    #[pin]
    mappings: Mutex<KVec<Mapping>>,
    /// Whether an exporter may want some of it back.
    has_imports: AtomicFlag,
}

/// Memory that is about to be mapped.
pub(crate) struct Request<'a> {
    pub(crate) memory: &'a Memory<Npu>,
    pub(crate) range: Range<usize>,
    pub(crate) address: u64,
    pub(crate) is_writable: bool,
}

impl Space {
    pub(crate) fn new(dev: &device::Device<device::Bound>) -> impl PinInit<Self, Error> {
        let table = Coherent::zeroed_slice(dev, PAGES as usize, GFP_KERNEL);
        pin_init::pin_init_scope(move || {
            let table = table?;
            Ok(try_pin_init!(Self {
                table,
                mappings <- new_mutex!(KVec::new()),
                has_imports: AtomicFlag::new(false),
            }))
        })
    }

    /// Returns where the device finds the table.
    pub(crate) fn table(&self) -> DmaAddress {
        self.table.dma_address()
    }

    /// Returns the entries of the addresses from `address` on. Returns `EINVAL` if there are none.
    fn pages_of(address: u64, len: usize) -> Result<Range<usize>> {
        let end = address.checked_add(len as u64).ok_or(EINVAL)?;
        if (address | end) % PAGE != 0 || end > ACCEL_NPU_ADDRESSES || len == 0 {
            return Err(EINVAL);
        }
        // CAST: There are few.
        Ok((address / PAGE) as usize..(end / PAGE) as usize)
    }

    /// Maps memory. For the errors, see `struct accel_npu_map`.
    pub(crate) fn map(&self, ctx: &Context<'_, Npu>, request: &Request<'_>) -> Result {
        let Request { memory, range, .. } = request;
        let pages = Self::pages_of(request.address, range.len())?;
        let flags = match request.is_writable {
            true if !memory.is_writable() => return Err(EACCES),
            true => VALID | WRITABLE,
            false => VALID,
        };
        if range.start % PAGE as usize != 0 || range.end > memory.size() {
            return Err(EINVAL);
        }
        let backing = match memory.placed(ctx) {
            Ok(placed) => Backing::Local(placed),
            Err(EOPNOTSUPP) => {
                let direction = match request.is_writable {
                    true => DataDirection::Bidirectional,
                    false => DataDirection::ToDevice,
                };
                Backing::System(memory.map_in_place(ctx, range.clone(), direction)?)
            }
            Err(e) => return Err(e),
        };

        let mut mappings = self.mappings.lock();
        let overlaps =
            |other: &Mapping| other.pages.start < pages.end && pages.start < other.pages.end;
        if mappings.iter().any(overlaps) {
            return Err(EBUSY);
        }
        mappings.reserve(1, GFP_KERNEL_ACCOUNT)?;
        match &backing {
            Backing::Local(placed) => {
                let from = LOCAL | (placed.offset() + range.start as u64);
                self.fill(pages.clone(), from, flags)?;
            }
            Backing::System(map) => {
                let is_odd = |piece: Piece| (piece.address | piece.len as u64) % PAGE != 0;
                if map.pieces(ctx, 0)?.any(is_odd) {
                    return Err(EINVAL);
                }
                let mut at = pages.start;
                for piece in map.pieces(ctx, 0)? {
                    let end = at + piece.len / PAGE as usize;
                    self.fill(at..end, piece.address, flags)?;
                    at = end;
                }
            }
        }
        if memory.region() == ACCEL_REGION_FOREIGN {
            self.has_imports.store(true, Relaxed);
        }
        let mapping = Mapping {
            pages,
            backing,
            cut: None,
        };
        Ok(mappings.push(mapping, GFP_KERNEL_ACCOUNT)?)
    }

    /// Fills entries with the pages from `first` on.
    fn fill(&self, pages: Range<usize>, first: u64, flags: u64) -> Result {
        for (page, address) in pages.zip((first..).step_by(PAGE as usize)) {
            io_write!(&self.table, [try: page], address | flags);
        }
        // Before the doorbell, which may be one of the process's.
        dma_mb(Write);
        Ok(())
    }

    /// Clears the entries of the mapping that begins at `address`, so that commands that begin do
    /// not reach it. Returns `ENOENT` if there is none.
    pub(crate) fn cut(&self, address: u64, activity: impl FnOnce() -> Activity) -> Result {
        let mut mappings = self.mappings.lock();
        let mapping = mappings.iter_mut().find(|m| m.address() == address);
        self.cut_mapping(mapping.ok_or(ENOENT)?, activity)
    }

    fn cut_mapping(&self, mapping: &mut Mapping, activity: impl FnOnce() -> Activity) -> Result {
        if mapping.cut.is_none() {
            self.clear(mapping)?;
            mapping.cut = Some(Cut {
                completed: activity().completed,
                at: Instant::now(),
            });
        }
        Ok(())
    }

    fn clear(&self, mapping: &Mapping) -> Result {
        for page in mapping.pages.clone() {
            io_write!(&self.table, [try: page], 0);
        }
        // Before the registers are read that tell whether an entry is still in use.
        dma_mb(Full);
        Ok(())
    }

    /// Gives back the memory of the mapping that begins at `address` and was cut, once no command
    /// uses it any more. Returns whether that is so.
    pub(crate) fn unmap(&self, address: u64, activity: impl FnOnce() -> Activity) -> bool {
        let mut mappings = self.mappings.lock();
        let is_meant = |m: &Mapping| m.address() == address && m.cut.is_some();
        let Some(at) = mappings.iter().position(is_meant) else {
            return true;
        };
        let is_over = mappings[at].is_over(activity());
        let mapping = is_over.then(|| mappings.remove(at).ok());
        drop(mappings);
        drop(mapping);
        is_over
    }

    /// Returns whether [`Self::give_back`] may have something to do.
    pub(crate) fn has_imports(&self) -> bool {
        self.has_imports.load(Relaxed)
    }

    /// Unmaps what exporters want back, as far as no command uses it any more. Returns for how many
    /// milliseconds one of them has waited.
    pub(crate) fn give_back(&self, activity: impl Fn() -> Activity) -> i64 {
        // One by one, as nobody is to wait for the lock until memory is given back.
        loop {
            let mut mappings = self.mappings.lock();
            for mapping in mappings.iter_mut().filter(|m| m.is_lost()) {
                // There are such entries.
                let _ = self.cut_mapping(mapping, &activity);
            }
            let now = activity();
            let over = mappings.iter().position(|m| m.is_lost() && m.is_over(now));
            let Some(mapping) = over.and_then(|at| mappings.remove(at).ok()) else {
                let cuts = mappings
                    .iter()
                    .filter(|m| m.is_lost())
                    .filter_map(|m| m.cut.as_ref());
                let waited = cuts.map(|cut| cut.at.elapsed().as_millis());
                return waited.max().unwrap_or(0);
            };
            drop(mappings);
            drop(mapping);
        }
    }

    /// Gives back all memory. The context is disabled.
    pub(crate) fn unmap_all(&self) {
        let mut mappings = self.mappings.lock();
        for mapping in mappings.iter() {
            // There are such entries.
            let _ = self.clear(mapping);
        }
        let all = core::mem::take(&mut *mappings);
        self.has_imports.store(false, Relaxed);
        drop(mappings);
        drop(all);
    }
}
