// SPDX-License-Identifier: GPL-2.0

//! Where in the memory of a device a buffer is.
//!
//! The kernel's allocator places a block, which has a power of two of pages, at a multiple of its
//! size; within a range it places nothing else, and does not heed an alignment beyond that. So what
//! it does not offer is looked for step by step: it can be asked for each place in turn.

use core::ops::Range;
use kernel::{
    gpu::buddy::{
        AllocatedBlocks,
        GpuBuddy,
        GpuBuddyAllocFlag,
        GpuBuddyAllocMode, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment, //
};

use crate::sys::ffi;

const PAGE: u64 = PAGE_SIZE as u64;

/// A buffer that a user wants in the memory of a device. See
/// [`MemoryOps::place`](crate::buffer::MemoryOps::place).
#[derive(Clone, Copy)]
pub struct PlaceRequest {
    /// The number of the region, 1 or higher.
    pub region: u32,
    /// The size of the buffer in bytes, a multiple of the page size.
    pub bytes: u64,
}

/// Where in its region a buffer is to be. It always is in one piece.
///
/// # Examples
///
/// ```
/// use accel::buffer::Placement;
/// use kernel::{ptr::Alignment, sizes::SZ_64K};
///
/// /// In the first 256 MiB, from a multiple of 64 KiB on.
/// fn low() -> Placement {
///     Placement::ANYWHERE
///         .within(0..256 << 20)
///         .aligned(Alignment::new::<SZ_64K>())
/// }
/// ```
#[derive(Clone)]
pub struct Placement {
    /// In bytes from the beginning of the region; `None` for all of it.
    range: Option<Range<u64>>,
    alignment: Alignment,
}

impl Placement {
    /// Wherever there is room, from the beginning of a page on.
    pub const ANYWHERE: Self = Self {
        range: None,
        alignment: Alignment::new::<PAGE_SIZE>(),
    };

    /// Says that it is to be in `range`, in bytes from the beginning of the region. Both ends are
    /// to be multiples of the page size, and the range is to be within the region; else the buffer
    /// is not created, with `EINVAL`.
    pub fn within(mut self, range: Range<u64>) -> Self {
        self.range = Some(range);
        self
    }

    /// Says that where it begins, in bytes from the beginning of the region, is to be a multiple of
    /// `alignment`. What is less than a page counts as a page.
    pub fn aligned(mut self, alignment: Alignment) -> Self {
        self.alignment = alignment.max(Alignment::new::<PAGE_SIZE>());
        self
    }

    /// Returns how many bytes there are for a buffer, in a region of `total`.
    pub(crate) fn room(&self, total: u64) -> u64 {
        let range = self.range.as_ref();
        range.map_or(total, |range| range.end.saturating_sub(range.start))
    }

    /// Returns whether a buffer may be where `bytes` bytes from `offset` on are.
    pub(crate) fn may_use(&self, offset: u64, bytes: u64) -> bool {
        let range = self.range.as_ref();
        range.is_none_or(|range| offset < range.end && range.start < offset + bytes)
    }

    /// Allocates `bytes` bytes, which are whole pages, in one piece.
    ///
    /// Returns `ENOSPC` if there is no such piece, `EINVAL` if the range makes no sense, `ENOMEM`,
    /// and `EINTR` if the current process is being killed.
    pub(crate) fn allocate(&self, buddy: &GpuBuddy, bytes: u64) -> Result<Blocks> {
        let whole = 0..buddy.size();
        let range = self.range.clone().unwrap_or(whole.clone());
        if range.is_empty() || range.end > whole.end || (range.start | range.end) % PAGE != 0 {
            return Err(EINVAL);
        }
        let room = range.end - range.start;
        if bytes > room {
            return Err(ENOSPC);
        }

        let alignment = self.alignment.as_usize() as u64;
        // No overflow: no memory is that large.
        let block = bytes.next_power_of_two();
        // What is at a multiple of the size of its block is at a multiple of the alignment.
        let is_simple = alignment <= block;
        if range == whole && is_simple {
            return allocate(buddy, GpuBuddyAllocMode::Simple, bytes, self.alignment);
        }
        // The allocator takes a range that is as large as the buffer for its very place.
        if is_simple && block <= room && bytes < room {
            let mode = GpuBuddyAllocMode::Range(range.clone());
            match allocate(buddy, mode, bytes, Alignment::new::<PAGE_SIZE>()) {
                Err(e) if e == ENOSPC => (),
                result => return result,
            }
        }
        let mut places = places(&range, bytes, alignment);
        places
            .find_map(|place| allocate_at(buddy, place, bytes).transpose())
            .unwrap_or(Err(ENOSPC))
    }
}

type Blocks = Pin<KBox<AllocatedBlocks>>;

fn allocate(
    buddy: &GpuBuddy,
    mode: GpuBuddyAllocMode,
    bytes: u64,
    alignment: Alignment,
) -> Result<Blocks> {
    // In one piece, so that a device needs no page table to use it.
    let flags = GpuBuddyAllocFlag::Contiguous;
    KBox::pin_init(
        buddy.alloc_blocks(mode, bytes, alignment, flags),
        GFP_KERNEL_ACCOUNT,
    )
}

/// Allocates what is at `place`. `None` if it is not free.
fn allocate_at(buddy: &GpuBuddy, place: u64, bytes: u64) -> Result<Option<Blocks>> {
    if ffi::is_being_killed() {
        return Err(EINTR);
    }
    let mode = GpuBuddyAllocMode::Range(place..place + bytes);
    match allocate(buddy, mode, bytes, Alignment::new::<PAGE_SIZE>()) {
        Ok(blocks) => Ok(Some(blocks)),
        Err(e) if e == ENOSPC => Ok(None),
        Err(e) => Err(e),
    }
}

/// Returns the multiples of `alignment` at which `bytes` bytes of `range` are looked for, beyond
/// what the allocator finds by itself.
///
/// Not all of them, which could be too many to look at: no more than eight times as many as there
/// can be buffers of that size, or as there are multiples of the alignment if that is more than the
/// size. The first and the last are among them.
fn places(range: &Range<u64>, bytes: u64, alignment: u64) -> impl Iterator<Item = u64> {
    let step = if alignment > bytes {
        alignment
    } else if bytes.is_power_of_two() {
        // The allocator has looked at the multiples of the size: what is left are the ends.
        u64::MAX
    } else {
        alignment.max(bytes.next_power_of_two() / 8)
    };
    let first = range.start.checked_next_multiple_of(alignment);
    let last = range
        .end
        .checked_sub(bytes)
        .map(|last| last - last % alignment);
    let (first, last) = match (first, last) {
        (Some(first), Some(last)) if first <= last => (Some(first), Some(last)),
        _ => (None, None),
    };
    let next = move |place: &u64| place.checked_add(step).filter(|place| Some(*place) < last);
    Iterator::chain(core::iter::successors(first, next), last)
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_buffer_place)]
mod tests {
    use super::*;
    use kernel::gpu::buddy::GpuBuddyParams;

    const K: u64 = 1024;

    fn memory(size: u64) -> Result<GpuBuddy> {
        GpuBuddy::new(GpuBuddyParams {
            base_offset: 0,
            size,
            chunk_size: Alignment::new::<PAGE_SIZE>(),
        })
    }

    /// Checks that `blocks` are one piece of `bytes` bytes, and returns where it begins.
    fn begin_of(blocks: &Blocks, bytes: u64) -> Result<u64> {
        let begin = blocks.iter().map(|block| block.offset()).min();
        let begin = begin.ok_or(EINVAL)?;
        let end = blocks.iter().map(|block| block.offset() + block.size());
        let sum: u64 = blocks.iter().map(|block| block.size()).sum();
        assert_eq!(end.max(), Some(begin + bytes));
        assert_eq!(sum, bytes);
        Ok(begin)
    }

    /// Allocates pieces of `bytes` bytes until there is no more, and returns how many there were.
    fn fill(
        memory: &GpuBuddy,
        bytes: u64,
        placement: &Placement,
        range: Range<u64>,
    ) -> Result<u64> {
        let mut all = KVec::new();
        loop {
            match placement.allocate(memory, bytes) {
                Ok(blocks) => {
                    let begin = begin_of(&blocks, bytes)?;
                    assert!(begin >= range.start && begin + bytes <= range.end);
                    assert_eq!(begin % placement.alignment.as_usize() as u64, 0);
                    all.push(blocks, GFP_KERNEL)?;
                }
                Err(e) => {
                    assert_eq!(e, ENOSPC);
                    return Ok(all.len() as u64);
                }
            }
        }
    }

    #[test]
    fn stays_within_its_range() -> Result {
        let memory = memory(1024 * K)?;
        for range in [
            0..256 * K,
            256 * K..512 * K,
            4 * K..260 * K,
            900 * K..1024 * K,
        ] {
            let placement = Placement::ANYWHERE.within(range.clone());
            let room = range.end - range.start;
            // All single pages, and what is as large as the range.
            assert_eq!(
                fill(&memory, 4 * K, &placement, range.clone())?,
                room / (4 * K)
            );
            assert_eq!(fill(&memory, room, &placement, range.clone())?, 1);
            assert_eq!(fill(&memory, room + 4 * K, &placement, range.clone())?, 0);
            for bytes in [8 * K, 12 * K, 64 * K, 80 * K] {
                assert!(fill(&memory, bytes, &placement, range.clone())? > 0);
            }
            assert_eq!(memory.avail(), 1024 * K);
        }
        Ok(())
    }

    #[test]
    fn a_full_range_is_not_left() -> Result {
        let memory = memory(1024 * K)?;
        let low = Placement::ANYWHERE.within(0..512 * K);
        let _all = low.allocate(&memory, 512 * K)?;
        assert_eq!(low.allocate(&memory, 4 * K).err(), Some(ENOSPC));
        let second = Placement::ANYWHERE.allocate(&memory, 512 * K)?;
        assert_eq!(begin_of(&second, 512 * K)?, 512 * K);
        Ok(())
    }

    #[test]
    fn is_aligned() -> Result {
        let memory = memory(1024 * K)?;
        let aligned = Placement::ANYWHERE.aligned(Alignment::new::<0x10000>());
        for bytes in [4 * K, 12 * K, 64 * K] {
            assert_eq!(fill(&memory, bytes, &aligned, 0..1024 * K)?, 16);
        }
        assert_eq!(fill(&memory, 68 * K, &aligned, 0..1024 * K)?, 8);
        let upper = aligned.within(516 * K..1024 * K);
        for bytes in [4 * K, 12 * K, 64 * K] {
            assert_eq!(fill(&memory, bytes, &upper, 516 * K..1024 * K)?, 7);
        }
        assert_eq!(memory.avail(), 1024 * K);
        // There is a multiple of it only at the begin.
        let once = Placement::ANYWHERE.aligned(Alignment::new::<0x4000_0000>());
        assert_eq!(fill(&memory, 4 * K, &once, 0..1024 * K)?, 1);
        let never = once.within(4 * K..1024 * K);
        assert_eq!(never.allocate(&memory, 4 * K).err(), Some(ENOSPC));
        Ok(())
    }

    #[test]
    fn is_found_between_others() -> Result {
        let memory = memory(1024 * K)?;
        let mut others = KVec::new();
        for begin in [0, 256 * K, 512 * K, 768 * K] {
            let there = Placement::ANYWHERE.within(begin..begin + 4 * K);
            others.push(there.allocate(&memory, 4 * K)?, GFP_KERNEL)?;
        }
        // No block of 256 KiB is free, but between two of them there is room.
        let placement = Placement::ANYWHERE.within(0..1020 * K);
        assert_eq!(fill(&memory, 132 * K, &placement, 0..1020 * K)?, 4);
        Ok(())
    }

    #[test]
    fn a_range_that_makes_no_sense() -> Result {
        let memory = memory(1024 * K)?;
        for (start, end) in [(0, 0), (8, 4), (0, 1028), (1024, 1028), (0, 3), (3, 8)] {
            let placement = Placement::ANYWHERE.within(start * K..end * K);
            assert_eq!(placement.allocate(&memory, 4 * K).err(), Some(EINVAL));
        }
        let placement = Placement::ANYWHERE.within(0..u64::MAX);
        assert_eq!(placement.allocate(&memory, 4 * K).err(), Some(EINVAL));
        Ok(())
    }

    #[test]
    fn what_is_in_the_way() {
        let anywhere = Placement::ANYWHERE;
        assert_eq!(anywhere.room(64 * K), 64 * K);
        assert!(anywhere.may_use(60 * K, 4 * K));
        let within = anywhere.within(16 * K..32 * K);
        assert_eq!(within.room(64 * K), 16 * K);
        for (offset, bytes, may) in [
            (0, 16, false),
            (0, 20, true),
            (16, 4, true),
            (28, 36, true),
            (0, 64, true),
            (32, 4, false),
        ] {
            assert_eq!(within.may_use(offset * K, bytes * K), may);
        }
    }

    #[test]
    fn what_is_looked_at() {
        let at = |range, bytes, alignment| places(&range, bytes, alignment);
        assert!(at(0..64, 16, 4).eq([0, 48]));
        assert!(at(4..62, 16, 8).eq([8, 40]));
        assert!(at(0..64, 20, 4).eq((0..=44).step_by(4)));
        assert!(at(0..240, 100, 4).eq([0, 16, 32, 48, 64, 80, 96, 112, 128, 140]));
        assert!(at(0..64, 4, 16).eq([0, 16, 32, 48]));
        assert!(at(4..64, 4, 16).eq([16, 32, 48]));
        assert!(at(4..20, 20, 4).eq([]));
        assert!(at(4..64, 4, 64).eq([]));
        assert!(at(4..8, 4, 4).eq([4, 4]));
        assert!(at(4..u64::MAX, 1, 1 << 63).eq([1 << 63, 1 << 63]));
    }
}
