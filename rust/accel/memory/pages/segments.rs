// SPDX-License-Identifier: GPL-2.0

//! What a table of memory consists of, when it is made for a device.

use core::ops::Range;
#[cfg(CONFIG_MMU_NOTIFIER)]
use core::ptr::NonNull;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    page::{
        PAGE_MASK,
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*, //
};

use crate::{
    memory::object::{
        Backing,
        Object, //
    },
    sys::ffi, //
};

/// What a device can take as one entry of a table.
#[derive(Clone, Copy)]
pub(in crate::memory) struct SegmentLimits {
    /// The most bytes that an entry may have: at least a page.
    max_len: u64,
    /// The bits of an address that may differ within an entry.
    boundary: u64,
}

impl SegmentLimits {
    /// Returns what `device` can take, and what bounces for it if it cannot reach all memory.
    pub(in crate::memory) fn of(device: &Device<Bound>) -> Self {
        let max_len = ffi::accel_helper_dma_max_segment(device);
        let boundary = ffi::accel_helper_dma_boundary(device);
        Self::new(max_len as u64, boundary as u64)
    }

    fn new(max_len: u64, boundary: u64) -> Self {
        Self {
            // The length of an entry has 32 bits.
            max_len: max_len.clamp(PAGE_SIZE as u64, u64::from(u32::MAX)),
            boundary,
        }
    }

    /// Returns how many bytes an entry that begins at `phys` may have. Unless it is the last one,
    /// it ends with a page: only then an IOMMU can put the next one behind it.
    fn room_from(&self, phys: u64) -> u64 {
        let end = phys.saturating_add(self.max_len) & PAGE_MASK as u64;
        let end = end.min((phys | self.boundary).saturating_add(1));
        end - phys
    }
}

/// Contiguous memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    phys: u64,
    len: u64,
}

/// The segments that a range of some memory consists of.
pub(in crate::memory) struct Segments {
    list: KVVec<Segment>,
    range: Range<usize>,
    limits: SegmentLimits,
}

impl Segments {
    /// Begins a list of the segments of `range`, in bytes of the memory.
    pub(in crate::memory) fn new(range: Range<usize>, limits: SegmentLimits) -> Self {
        Self {
            list: KVVec::new(),
            range,
            limits,
        }
    }

    /// Returns the pages that the range lies in.
    pub(in crate::memory) fn pages(&self) -> Range<usize> {
        self.range.start >> PAGE_SHIFT..self.range.end.div_ceil(PAGE_SIZE)
    }

    /// Adds what the range has of `count` contiguous pages: those from number `first` on in the
    /// memory, and from number `pfn` on in physical memory. What comes later must lie behind.
    pub(in crate::memory) fn add_run(&mut self, first: usize, pfn: usize, count: usize) -> Result {
        let begin = first << PAGE_SHIFT;
        let from = self.range.start.max(begin);
        let to = self.range.end.min(begin + (count << PAGE_SHIFT));
        if from >= to {
            return Ok(());
        }
        self.add(
            ((pfn as u64) << PAGE_SHIFT) + (from - begin) as u64,
            (to - from) as u64,
        )
    }

    fn add(&mut self, mut phys: u64, mut len: u64) -> Result {
        if let Some(last) = self.list.last_mut() {
            if last.phys + last.len == phys {
                let room = self.limits.room_from(last.phys).saturating_sub(last.len);
                let more = room.min(len);
                last.len += more;
                phys += more;
                len -= more;
            }
        }
        while len > 0 {
            let part = self.limits.room_from(phys).min(len);
            self.list
                .push(Segment { phys, len: part }, GFP_KERNEL_ACCOUNT)?;
            phys += part;
            len -= part;
        }
        Ok(())
    }

    /// Lists them in `table`. Returns `EINVAL` if there are none.
    ///
    /// # Safety
    ///
    /// `table` must be valid for writes, and be freed by `sg_free_table()` if this succeeds. The
    /// segments must be memory of the system.
    pub(in crate::memory) unsafe fn fill(&self, table: *mut bindings::sg_table) -> Result {
        let entries = u32::try_from(self.list.len()).map_err(|_| ENOMEM)?;
        // SAFETY: The caller guarantees that `table` is valid.
        to_result(unsafe {
            bindings::sg_alloc_table(table, entries, bindings::GFP_KERNEL_ACCOUNT)
        })?;

        // SAFETY: It was just allocated, with an entry for each segment.
        let mut entry = unsafe { (*table).sgl };
        for segment in &self.list {
            let page = ffi::pfn_to_page((segment.phys >> PAGE_SHIFT) as usize);
            // CAST: Within a page.
            let offset = (segment.phys & !(PAGE_MASK as u64)) as u32;
            // SAFETY: The entry is one of the table; CAST: the limits see to it that it fits.
            unsafe {
                ffi::accel_helper_sg_set_page(entry, page, segment.len as u32, offset);
                entry = bindings::sg_next(entry);
            }
        }
        Ok(())
    }
}

impl Object {
    /// Returns the segments that `range` consists of, in bytes of the memory. Returns `EOPNOTSUPP`
    /// if that is not the system's, and `EFAULT` if it is not the process's any more.
    pub(in crate::memory) fn segments(
        &self,
        range: &Range<usize>,
        limits: SegmentLimits,
    ) -> Result<Segments> {
        let mut segments = Segments::new(range.clone(), limits);
        let Range { start, end } = segments.pages();
        match self.backing() {
            Backing::System(pages) => {
                pages.for_each_run(start, end - start, |before, pfn, count| {
                    segments.add_run(start + before, pfn, count)
                })?;
            }
            Backing::Device(memory) if memory.io().is_none() => {
                let pfn = memory.pfn(start).ok_or(EINVAL)?;
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

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_buffer_segments)]
mod tests {
    use super::*;

    const PAGE: u64 = PAGE_SIZE as u64;
    const ANY: u64 = u64::MAX;

    /// Returns the segments of `range` as their begins and lengths, in physical memory whose runs
    /// are `(pfn, count)`.
    fn of(
        range: Range<usize>,
        limits: SegmentLimits,
        runs: &[(usize, usize)],
    ) -> Result<KVec<(u64, u64)>> {
        let mut segments = Segments::new(range, limits);
        let mut first = 0;
        for (pfn, count) in runs {
            segments.add_run(first, *pfn, *count)?;
            first += count;
        }
        let mut list = KVec::new();
        for segment in &segments.list {
            list.push((segment.phys, segment.len), GFP_KERNEL)?;
        }
        Ok(list)
    }

    #[test]
    fn a_range_is_no_more_than_the_range() -> Result {
        let any = SegmentLimits::new(ANY, ANY);
        let runs = [(16, 4), (100, 4)];
        let size = 8 * PAGE_SIZE;
        let all = of(0..size, any, &runs)?;
        assert_eq!(&*all, &[(16 * PAGE, 4 * PAGE), (100 * PAGE, 4 * PAGE)]);
        let byte = of(size - 1..size, any, &runs)?;
        assert_eq!(&*byte, &[(104 * PAGE - 1, 1)]);
        let within = of(PAGE_SIZE + 7..PAGE_SIZE + 9, any, &runs)?;
        assert_eq!(&*within, &[(17 * PAGE + 7, 2)]);
        let across = of(4 * PAGE_SIZE - 3..4 * PAGE_SIZE + 5, any, &runs)?;
        assert_eq!(&*across, &[(20 * PAGE - 3, 3), (100 * PAGE, 5)]);
        Ok(())
    }

    #[test]
    fn what_follows_in_memory_is_one() -> Result {
        let any = SegmentLimits::new(ANY, ANY);
        let runs = [(7, 1), (8, 1), (9, 1), (11, 1), (12, 2)];
        let list = of(1..6 * PAGE_SIZE, any, &runs)?;
        assert_eq!(
            &*list,
            &[(7 * PAGE + 1, 3 * PAGE - 1), (11 * PAGE, 3 * PAGE)]
        );
        Ok(())
    }

    #[test]
    fn none_is_too_long() -> Result {
        let two = SegmentLimits::new(2 * PAGE + 100, ANY);
        let parts = [
            (32 * PAGE, 2 * PAGE),
            (34 * PAGE, 2 * PAGE),
            (36 * PAGE, PAGE),
        ];
        assert_eq!(&*of(0..5 * PAGE_SIZE, two, &[(32, 5)])?, &parts);
        // It makes no difference that it comes page by page.
        let pages = [(32, 1), (33, 1), (34, 1), (35, 1), (36, 1)];
        assert_eq!(&*of(0..5 * PAGE_SIZE, two, &pages)?, &parts);
        // What does not begin with a page ends with one.
        let list = of(5..3 * PAGE_SIZE + 7, two, &[(32, 5)])?;
        let parts = [(32 * PAGE + 5, 2 * PAGE - 5), (34 * PAGE, PAGE + 7)];
        assert_eq!(&*list, &parts);
        // Even if a device claims to take less than a page, there is an end to it.
        let list = of(5..2 * PAGE_SIZE, SegmentLimits::new(0, ANY), &[(32, 2)])?;
        assert_eq!(&*list, &[(32 * PAGE + 5, PAGE - 5), (33 * PAGE, PAGE)]);
        // The length of an entry has 32 bits.
        let any = SegmentLimits::new(ANY, ANY);
        let pages = (5 << 30) / PAGE_SIZE;
        let list = of(0..5 << 30, any, &[(0, pages)])?;
        assert_eq!(
            &*list,
            &[(0, (4 << 30) - PAGE), ((4 << 30) - PAGE, (1 << 30) + PAGE)]
        );
        Ok(())
    }

    #[test]
    fn none_crosses_a_boundary() -> Result {
        let limits = SegmentLimits::new(ANY, 4 * PAGE - 1);
        let list = of(10..7 * PAGE_SIZE, limits, &[(2, 7)])?;
        let parts = [
            (2 * PAGE + 10, 2 * PAGE - 10),
            (4 * PAGE, 4 * PAGE),
            (8 * PAGE, PAGE),
        ];
        assert_eq!(&*list, &parts);
        Ok(())
    }
}
