// SPDX-License-Identifier: GPL-2.0

//! Tables of memory, mapped for a device.

use core::ops::Range;
use kernel::{
    bindings,
    container_of,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    ffi::c_ulong,
    page::{
        PAGE_MASK,
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::atomic::{
        AtomicFlag,
        Relaxed, //
    },
    types::Opaque, //
};

use crate::sys::ffi;

/// What a device can take as one entry of a table.
#[derive(Clone, Copy)]
pub(crate) struct SegmentLimits {
    /// The most bytes that an entry may have: at least a page.
    max_len: u64,
    /// The bits of an address that may differ within an entry.
    boundary: u64,
}

impl SegmentLimits {
    /// Returns what `device` can take, and what bounces for it if it cannot reach all memory.
    pub(crate) fn of(device: &Device<Bound>) -> Self {
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
pub(crate) struct Segments {
    list: KVVec<Segment>,
    range: Range<usize>,
    limits: SegmentLimits,
}

impl Segments {
    /// Begins a list of the segments of `range`, in bytes of the memory.
    pub(crate) fn new(range: Range<usize>, limits: SegmentLimits) -> Self {
        Self {
            list: KVVec::new(),
            range,
            limits,
        }
    }

    /// Returns the pages that the range lies in.
    pub(crate) fn pages(&self) -> Range<usize> {
        self.range.start >> PAGE_SHIFT..self.range.end.div_ceil(PAGE_SIZE)
    }

    /// Adds what the range has of `count` contiguous pages: those from number `first` on in the
    /// memory, and from number `pfn` on in physical memory. What comes later must lie behind.
    pub(crate) fn add_run(&mut self, first: usize, pfn: usize, count: usize) -> Result {
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
    unsafe fn fill(&self, table: *mut bindings::sg_table) -> Result {
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

/// Who maps it has an error to return; the log of the kernel is not for that.
const ATTRS: c_ulong = bindings::DMA_ATTR_NO_WARN as c_ulong;

/// A table of the pages of a buffer, mapped for a device.
///
/// # Invariants
///
/// `table` lists pages, and if `is_mapped`, is mapped for `device` in `direction`.
pub(crate) struct MappedTable {
    table: Opaque<bindings::sg_table>,
    device: *mut bindings::device,
    direction: bindings::dma_data_direction,
    is_mapped: AtomicFlag,
}

// SAFETY: A table, and a device, may be used from any thread.
unsafe impl Send for MappedTable {}
// SAFETY: As above.
unsafe impl Sync for MappedTable {}

impl MappedTable {
    /// Maps `segments`, which are those for `device`, until the result is dropped or
    /// [`Self::unmap`] is called.
    ///
    /// Returns `ENOMEM` if there is no memory, there are no addresses, or no room to bounce it.
    ///
    /// # Safety
    ///
    /// The segments must be memory of the system. The device must stay bound until then, and must
    /// not use the memory any more.
    pub(crate) unsafe fn new(
        segments: &Segments,
        device: &Device<Bound>,
        direction: bindings::dma_data_direction,
    ) -> Result<Self> {
        let table = Opaque::new(bindings::sg_table::default());
        let device = ffi::device_as_raw(device);
        // SAFETY: The table is valid, and is freed when it is dropped. The rest is as required.
        unsafe { segments.fill(table.get()) }?;
        // INVARIANT: The table lists pages, and is not mapped yet.
        let this = Self {
            table,
            device,
            direction,
            is_mapped: AtomicFlag::new(false),
        };
        // SAFETY: The device exists; the table lists pages.
        match to_result(unsafe {
            bindings::dma_map_sgtable(device, this.as_raw(), direction, ATTRS)
        }) {
            // Whatever it is that there is not enough of.
            Err(e) if e == EIO => return Err(ENOMEM),
            mapped => mapped?,
        }
        // INVARIANT: It was just mapped.
        this.is_mapped.store(true, Relaxed);
        Ok(this)
    }

    /// Returns the table.
    pub(crate) fn as_raw(&self) -> *mut bindings::sg_table {
        self.table.get()
    }

    /// Takes back [`Self::as_raw`].
    ///
    /// # Safety
    ///
    /// `table` must come from there, of what has not been freed.
    pub(crate) unsafe fn from_raw(table: *mut bindings::sg_table) -> *const Self {
        // SAFETY: Same requirements.
        unsafe { container_of!(Opaque::cast_from(table), Self, table) }
    }

    /// Makes what the device has written visible to the processor, until
    /// [`Self::sync_for_device`].
    pub(crate) fn sync_for_cpu(&self) {
        if self.is_mapped.load(Relaxed) {
            // SAFETY: By the type invariants it is mapped so, and the device exists.
            unsafe {
                ffi::accel_helper_dma_sync_sgtable_for_cpu(
                    self.device,
                    self.as_raw(),
                    self.direction,
                )
            };
        }
    }

    /// Makes what the processor has written visible to the device.
    pub(crate) fn sync_for_device(&self) {
        if self.is_mapped.load(Relaxed) {
            // SAFETY: As in `sync_for_cpu()`.
            unsafe {
                ffi::accel_helper_dma_sync_sgtable_for_device(
                    self.device,
                    self.as_raw(),
                    self.direction,
                )
            };
        }
    }

    /// Ends the mapping, unless it has ended.
    pub(crate) fn unmap(&self) {
        if self.is_mapped.xchg(false, Relaxed) {
            // SAFETY: By the type invariants it was mapped so. The device exists, and does not use
            // it any more, as was required of who mapped it.
            unsafe {
                bindings::dma_unmap_sgtable(self.device, self.as_raw(), self.direction, ATTRS)
            };
        }
    }
}

impl Drop for MappedTable {
    fn drop(&mut self) {
        self.unmap();
        // SAFETY: By the type invariants it lists pages, and nobody uses it any more.
        unsafe { bindings::sg_free_table(self.as_raw()) };
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
