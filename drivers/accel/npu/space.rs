// SPDX-License-Identifier: GPL-2.0

//! The addresses of a context: a table of pages, by which the device confines what its commands
//! reach, and the memory behind it.

use accel::{
    buffer::{
        DeviceMap,
        Memory,
        Placed, //
    },
    prelude::*, //
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
        barrier::{
            dma_mb,
            Full,
            Write, //
        },
        Mutex, //
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
    _backing: Backing,
}

/// The addresses of a context.
#[pin_data]
pub(crate) struct Space {
    table: Coherent<[u64]>,
    // INVARIANT: An entry of the table is valid only if it is in the range of one of these.
    #[pin]
    mappings: Mutex<KVec<Mapping>>,
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
    pub(crate) fn map(&self, ctx: &Context<'_, Npu>, request: Request<'_>) -> Result {
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
        // The exporter of what was imported could take it back, while commands use it.
        if memory.region() == accel::uapi::ACCEL_REGION_FOREIGN {
            return Err(EOPNOTSUPP);
        }
        let backing = match memory.placed(ctx) {
            Ok(placed) => Backing::Local(placed),
            Err(EOPNOTSUPP) => {
                let direction = match request.is_writable {
                    true => DataDirection::Bidirectional,
                    false => DataDirection::ToDevice,
                };
                Backing::System(memory.map_for_device(ctx, range.clone(), direction)?)
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
                let mut at = pages.start;
                for piece in map.pieces(ctx, 0)? {
                    let end = at + piece.len / PAGE as usize;
                    self.fill(at..end, piece.address, flags)?;
                    at = end;
                }
            }
        }
        let mapping = Mapping {
            pages,
            _backing: backing,
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
    pub(crate) fn cut(&self, address: u64) -> Result {
        let mappings = self.mappings.lock();
        let mut mappings = mappings.iter();
        let mapping = mappings.find(|mapping| mapping.pages.start as u64 * PAGE == address);
        self.clear(mapping.ok_or(ENOENT)?)
    }

    fn clear(&self, mapping: &Mapping) -> Result {
        for page in mapping.pages.clone() {
            io_write!(&self.table, [try: page], 0);
        }
        // Before the registers are read that tell whether an entry is still in use.
        dma_mb(Full);
        Ok(())
    }

    /// Gives back the memory of the mapping that begins at `address`, which was cut, and which no
    /// command uses any more.
    pub(crate) fn unmap(&self, address: u64) {
        let mut mappings = self.mappings.lock();
        let at = mappings
            .iter()
            .position(|mapping| mapping.pages.start as u64 * PAGE == address);
        let mapping = at.and_then(|at| mappings.remove(at).ok());
        drop(mappings);
        drop(mapping);
    }

    /// Gives back all memory. The context is disabled.
    pub(crate) fn unmap_all(&self) {
        let mut mappings = self.mappings.lock();
        for mapping in mappings.iter() {
            // There are such entries.
            let _ = self.clear(mapping);
        }
        let all = core::mem::take(&mut *mappings);
        drop(mappings);
        drop(all);
    }
}
