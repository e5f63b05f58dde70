// SPDX-License-Identifier: GPL-2.0

//! The address space of a device: what processes have mapped of it and of its buffers.
//!
//! ```text
//!   0                         FIRST_PAGE                      16 TiB
//!   | MmapOps::mmap           | ranges of buffers, windows    | more of them
//!   '-------------------------'-------------------------------'--------------
//! ```
//!
//! A buffer has one range of pages, whichever files it is mapped by: that of a node, or that of a
//! dma-buf. So to take a buffer out of all mappings takes no list of them. A window has one as
//! well, at whichever offsets it is mapped.

use core::{
    ops::RangeInclusive,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    error::from_err_ptr,
    maple_tree::{
        AllocErrorKind,
        MapleTree,
        MapleTreeAlloc, //
    },
    new_mutex,
    page::PAGE_SHIFT,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    },
};

use super::{
    io_range::Reserved,
    pages::LARGE_PAGE,
    registry::Registry, //
};
use crate::sys::ffi;

/// The first page that belongs to buffers, if there are any. What is before is the driver's.
pub(crate) const FIRST_PAGE: usize = 1 << (40 - PAGE_SHIFT);

/// The pages where a 32-bit program can map something: `mmap2()` counts in 4 KiB, by 32 bits.
const NEAR: RangeInclusive<usize> = FIRST_PAGE..=u32::MAX as usize >> (PAGE_SHIFT - 12);

/// Those where it cannot, up to the largest offset of a file. None in a 32-bit kernel.
#[cfg(CONFIG_64BIT)]
const FAR: RangeInclusive<usize> = *NEAR.end() + 1..=i64::MAX as usize >> PAGE_SHIFT;
#[cfg(not(CONFIG_64BIT))]
const FAR: RangeInclusive<usize> = 1..=0;

/// What the files of a device map, whichever inode they were opened by. So all mappings of a device
/// can be found, and those of no other.
///
/// # Invariants
///
/// `inode` is one of [`ffi::accel_inode_new`], and belongs to this.
#[pin_data(PinnedDrop)]
pub(crate) struct AddressSpace {
    inode: NonNull<bindings::inode>,
    #[pin]
    ranges: MapleTreeAlloc<()>,
    /// Where the search for a free range begins.
    next: Atomic<usize>,
    /// Held while a buffer is given its range.
    #[pin]
    placing: Mutex<()>,
    /// Which pages of physical memory windows have; see `io_window`.
    #[pin]
    pub(super) windows: MapleTree<()>,
    #[pin]
    pub(super) combined: Registry<Reserved>,
}

// SAFETY: An address space has locks of its own, and may be used from any thread.
unsafe impl Send for AddressSpace {}
// SAFETY: As above.
unsafe impl Sync for AddressSpace {}

impl AddressSpace {
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            ranges <- MapleTreeAlloc::new(),
            next: Atomic::new(FIRST_PAGE),
            placing <- new_mutex!(()),
            windows <- MapleTree::new(),
            combined <- Registry::new(),
            // INVARIANT: The inode was just made. Nothing can fail any more.
            inode: {
                let inode = from_err_ptr(ffi::accel_inode_new())?;
                NonNull::new(inode).ok_or(ENOMEM)?
            },
        })
    }

    /// Returns the C side.
    pub(crate) fn as_raw(&self) -> *mut bindings::address_space {
        // SAFETY: The inode is valid by the type invariants; its mapping stays the same.
        unsafe { (*self.inode.as_ptr()).i_mapping }
    }

    /// Takes `pages` pages from number `first` of the files on out of all mappings. They can come
    /// back by page faults.
    fn unmap(&self, first: usize, pages: usize) {
        // SAFETY: The address space is valid as long as the inode is.
        unsafe { bindings::unmap_mapping_pages(self.as_raw(), first, pages, true) };
    }

    /// Takes all pages out of all mappings. They can come back by page faults.
    pub(crate) fn unmap_all(&self) {
        // SAFETY: The address space is valid as long as the inode is.
        unsafe { bindings::unmap_mapping_range(self.as_raw(), 0, 0, 1) };
    }

    /// As [`Self::unmap_all`], for a device that goes: nothing comes back.
    pub(crate) fn close(&self) {
        self.unmap_all();
        self.combined.detach_all();
    }

    /// Returns the range in `place`. If there is none yet, it is one of [`Self::reserve`].
    pub(crate) fn reserve_in<'a>(
        self: &Arc<Self>,
        place: &'a SetOnce<PageRange>,
        pages: usize,
    ) -> Result<&'a PageRange> {
        if let Some(range) = place.as_ref() {
            return Ok(range);
        }
        let _placing = self.placing.lock();
        if place.as_ref().is_none() {
            place.populate(self.reserve(pages)?);
        }
        place.as_ref().ok_or(ENOMEM)
    }

    /// Returns a range of so many pages that nobody else has; one that 32-bit programs can map, as
    /// long as there is one. Returns `ENOMEM` if there is none at all.
    ///
    /// A range that was given back is not used again before all others have been, so that a stale
    /// number rarely hits anything. What has large pages begins where one can, in files as well as
    /// in processes then, as long as there is such a range.
    pub(super) fn reserve(self: &Arc<Self>, pages: usize) -> Result<PageRange> {
        let unit = if pages < LARGE_PAGE { 1 } else { LARGE_PAGE };
        let next = self.next.load(Relaxed).max(FIRST_PAGE);
        let (next, reserved) = (next.next_multiple_of(unit), pages.next_multiple_of(unit));
        for range in [next..=*NEAR.end(), NEAR, FAR] {
            match self
                .ranges
                .alloc_range(reserved, (), range, GFP_KERNEL_ACCOUNT)
            {
                Ok(first) => {
                    self.next.store(first + reserved, Relaxed);
                    // INVARIANT: It was just allocated.
                    return Ok(PageRange {
                        space: self.clone(),
                        first,
                        pages,
                    });
                }
                Err(e) if matches!(e.cause, AllocErrorKind::AllocError(_)) => break,
                // There is none there.
                Err(_) => (),
            }
        }
        Err(ENOMEM)
    }
}

#[pinned_drop]
impl PinnedDrop for AddressSpace {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: By the type invariants the inode is ours, and is given up. A file that maps the
        // address space refers to this.
        unsafe { ffi::accel_inode_free(self.inode.as_ptr()) };
    }
}

/// A range of pages of an address space, which belongs to one buffer, or to one window.
///
/// # Invariants
///
/// The pages from `first` on are allocated in `space`, for this.
pub(crate) struct PageRange {
    space: Arc<AddressSpace>,
    first: usize,
    pages: usize,
}

impl PageRange {
    /// Returns the number of its first page.
    pub(crate) fn first(&self) -> usize {
        self.first
    }

    /// Returns how many pages it has.
    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// Returns the address space.
    pub(super) fn space(&self) -> &Arc<AddressSpace> {
        &self.space
    }

    /// Takes what has the range out of all mappings. Its pages can come back by page faults.
    pub(crate) fn unmap(&self) {
        self.space.unmap(self.first, self.pages);
    }
}

impl Drop for PageRange {
    fn drop(&mut self) {
        self.space.ranges.erase(self.first);
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_address_space)]
mod tests {
    use super::*;

    const TIB: usize = 1 << (40 - PAGE_SHIFT);

    fn space() -> Result<Arc<AddressSpace>> {
        Arc::pin_init(AddressSpace::new(), GFP_KERNEL)
    }

    #[test]
    fn ranges_do_not_overlap() -> Result {
        let space = space()?;
        let mut ranges = KVec::new();
        for pages in [1, 2, 3, 1 << 18, 1] {
            ranges.push(space.reserve(pages)?, GFP_KERNEL)?;
        }
        let mut end = FIRST_PAGE;
        for range in &ranges {
            let unit = if range.pages < LARGE_PAGE {
                1
            } else {
                LARGE_PAGE
            };
            assert_eq!(range.first(), end.next_multiple_of(unit));
            end = range.first() + range.pages;
        }
        Ok(())
    }

    #[test]
    fn what_was_given_back_is_used_again_last() -> Result {
        let space = space()?;
        let _first = space.reserve(TIB)?;
        let second = space.reserve(1)?.first();
        assert_eq!(second, FIRST_PAGE + TIB);
        assert_eq!(space.reserve(1)?.first(), second + 1);
        // As often as it takes to go once through all that there is: 15 TiB, less the first two.
        for _ in 0..13 {
            assert!(space.reserve(TIB)?.first() > second);
        }
        assert_eq!(space.reserve(TIB)?.first(), second);
        Ok(())
    }

    #[test]
    fn nearer_ones_come_first() -> Result {
        let space = space()?;
        let mut near = KVec::new();
        for _ in 0..15 {
            near.push(space.reserve(TIB)?, GFP_KERNEL)?;
        }
        assert!(near.iter().all(|range| NEAR.contains(&range.first())));
        let far = space.reserve(TIB);
        assert_eq!(far.is_ok(), cfg!(CONFIG_64BIT));
        if let Ok(far) = far {
            assert!(FAR.contains(&far.first()));
        }
        drop(near.pop());
        assert!(NEAR.contains(&space.reserve(TIB)?.first()));
        assert_eq!(space.reserve(usize::MAX >> 1).err(), Some(ENOMEM));
        Ok(())
    }
}
