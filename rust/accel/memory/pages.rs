// SPDX-License-Identifier: GPL-2.0

//! System memory of a buffer, and how much of it buffers may have.
//!
//! Pages of buffers are neither swapped out nor part of what a process has, so the OOM killer does
//! not find those who fill the memory with them. All buffers together, whoever has them, may
//! therefore only have a share of it: half, as those of TTM and the files of a tmpfs, unless the
//! administrator says otherwise.

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

use crate::{
    module_parameters,
    sys::ffi, //
};

/// How many pages of the system all buffers have.
static IN_USE: Atomic<usize> = Atomic::new(0);

/// A part of what is limited, such as pages of the system, which is counted until this is dropped.
///
/// # Invariants
///
/// `amount` is counted in `in_use`.
pub(crate) struct Share<C: Deref<Target = Atomic<usize>> = &'static Atomic<usize>> {
    in_use: C,
    amount: usize,
}

impl Share {
    /// Counts `pages` pages of the system. Returns `ENOMEM` if all buffers have more than their
    /// share then.
    pub(crate) fn new(pages: usize) -> Result<Self> {
        let percent = module_parameters::max_memory_percent.value();
        Self::within(&IN_USE, pages, limit(ffi::system_pages(), percent)).ok_or(ENOMEM)
    }
}

impl<C: Deref<Target = Atomic<usize>>> Share<C> {
    /// Counts `amount` in `in_use`, unless that is more than `limit` then.
    pub(crate) fn within(in_use: C, amount: usize, limit: usize) -> Option<Self> {
        let mut before = in_use.load(Relaxed);
        loop {
            let after = before.checked_add(amount)?;
            if after > limit {
                return None;
            }
            match in_use.cmpxchg(before, after, Relaxed) {
                // INVARIANT: It was just counted.
                Ok(_) => return Some(Self { in_use, amount }),
                Err(now) => before = now,
            }
        }
    }
}

impl<C: Deref<Target = Atomic<usize>>> Drop for Share<C> {
    fn drop(&mut self) {
        self.in_use.fetch_sub(self.amount, Relaxed);
    }
}

/// Returns how many pages `percent` of the system's are.
fn limit(system: usize, percent: u32) -> usize {
    let percent = percent.min(100) as usize;
    system / 100 * percent + system % 100 * percent / 100
}

/// The largest pieces that are asked for: what a large page of the processor covers.
const MAX_ORDER: u32 = (21 - PAGE_SHIFT) as u32;

/// How many pages that are.
pub(super) const LARGE_PAGE: usize = 1 << MAX_ORDER;

/// Where in physical memory a page is, and how many pages it follows there, and is followed by, as
/// in the whole that it is one of.
pub(crate) struct Surroundings {
    pub(crate) pfn: usize,
    pub(crate) before: usize,
    pub(crate) after: usize,
}

impl Surroundings {
    /// Those of page number `page` of `pages` pages, of which the first is number `first_pfn`.
    /// `None` if there is no such page.
    pub(crate) fn within(first_pfn: usize, pages: usize, page: usize) -> Option<Self> {
        (page < pages).then(|| Self {
            pfn: first_pfn + page,
            before: page,
            after: pages - 1 - page,
        })
    }
}

/// A contiguous piece.
///
/// # Invariants
///
/// Owns `1 << order` pages from `page` on.
struct Chunk {
    page: NonNull<bindings::page>,
    order: u32,
    /// The number of its first page in the whole.
    first: usize,
}

impl Chunk {
    /// Returns the number of the page that comes after it in the whole.
    fn end(&self) -> usize {
        self.first + (1 << self.order)
    }
}

// SAFETY: Pages may be used and freed by any thread.
unsafe impl Send for Chunk {}
// SAFETY: As above.
unsafe impl Sync for Chunk {}

impl Drop for Chunk {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the pages are ours, and nobody uses them any more.
        unsafe { bindings::__free_pages(self.page.as_ptr(), self.order) };
    }
}

/// Pages of system memory, in pieces as large as could be had.
///
/// # Invariants
///
/// The chunks follow each other: `first` of each is the sum of the pages before.
pub(crate) struct Pages {
    chunks: KVVec<Chunk>,
    count: usize,
    /// Given back after the pages. `None` for what no process has asked for.
    _share: Option<Share>,
}

impl Pages {
    /// Allocates `count` pages, filled with zeros. Returns `ENOMEM` if there are not as many, or
    /// buffers may not have them, `EINTR` if the current process is being killed, and what `check`
    /// does, which is asked again and again.
    pub(crate) fn new(count: usize, check: impl Fn() -> Result) -> Result<Self> {
        let mut pages = Self {
            chunks: KVVec::new(),
            count: 0,
            _share: Some(Share::new(count)?),
        };
        let mut order = MAX_ORDER;
        while pages.count < count {
            if ffi::is_being_killed() {
                return Err(EINTR);
            }
            check()?;
            // No larger than what is left, and not larger than what there was before.
            order = order.min((count - pages.count).ilog2());
            let Some(page) = ffi::alloc_zeroed_pages(order) else {
                order = order.checked_sub(1).ok_or(ENOMEM)?;
                continue;
            };
            // INVARIANT: The pages were just allocated.
            let chunk = Chunk {
                page,
                order,
                first: pages.count,
            };
            // INVARIANT: It comes after all that there was.
            pages.chunks.push(chunk, GFP_KERNEL_ACCOUNT)?;
            pages.count += 1 << order;
        }
        Ok(pages)
    }

    /// Allocates `count` pages in one piece, filled with zeros. Returns `EINVAL` if that is not a
    /// power of two, and `ENOMEM` if there is no such piece.
    pub(crate) fn contiguous(count: usize) -> Result<Self> {
        if !count.is_power_of_two() {
            return Err(EINVAL);
        }
        let order = count.ilog2();
        let mut chunks = KVVec::with_capacity(1, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: The pages are allocated here.
        let chunk = Chunk {
            page: ffi::alloc_zeroed_pages(order).ok_or(ENOMEM)?,
            order,
            first: 0,
        };
        chunks.push(chunk, GFP_KERNEL_ACCOUNT)?;
        // INVARIANT: There is only one.
        Ok(Self {
            chunks,
            count,
            _share: None,
        })
    }

    /// Returns where in physical memory page number `page` is, if there is such a page.
    pub(crate) fn pfn(&self, page: usize) -> Option<usize> {
        self.around(page).map(|around| around.pfn)
    }

    /// Returns what is around page number `page`, if there is such a page.
    pub(crate) fn around(&self, page: usize) -> Option<Surroundings> {
        let chunk = match self.chunks.binary_search_by_key(&page, |chunk| chunk.first) {
            Ok(i) => i,
            Err(i) => i.checked_sub(1)?,
        };
        let chunk = self.chunks.get(chunk)?;
        let first_pfn = ffi::page_to_pfn(chunk.page);
        Surroundings::within(first_pfn, 1 << chunk.order, page - chunk.first)
    }

    /// Calls `f` for each contiguous piece of the `count` pages from number `first` on, with how
    /// many pages come before it, where in physical memory it is, and how many pages it has.
    pub(crate) fn for_each_run(
        &self,
        first: usize,
        count: usize,
        mut f: impl FnMut(usize, usize, usize) -> Result,
    ) -> Result {
        let end = first + count;
        let begin = self.chunks.partition_point(|chunk| chunk.end() <= first);
        let chunks = self.chunks.iter().skip(begin);
        for chunk in chunks.take_while(|chunk| chunk.first < end) {
            let from = chunk.first.max(first);
            let to = chunk.end().min(end);
            let pfn = ffi::page_to_pfn(chunk.page) + (from - chunk.first);
            f(from - first, pfn, to - from)?;
        }
        Ok(())
    }

    /// Returns the pages, one by one.
    pub(crate) fn iter(&self) -> impl Iterator<Item = *mut bindings::page> + '_ {
        self.chunks.iter().flat_map(|chunk| {
            (0..1usize << chunk.order)
                // The pages of a chunk have neighbouring descriptors.
                .map(|i| chunk.page.as_ptr().wrapping_add(i))
        })
    }
}

/// Returns how many pages `bytes` take, or `EINVAL` if that is none, or more than can be addressed.
pub(crate) fn pages_of(bytes: u64) -> Result<usize> {
    let bytes = usize::try_from(bytes).map_err(|_| EINVAL)?;
    if bytes == 0 || bytes > isize::MAX as usize - PAGE_SIZE {
        return Err(EINVAL);
    }
    Ok(bytes.div_ceil(PAGE_SIZE))
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_buffer_pages)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let page = PAGE_SIZE as u64;
        assert_eq!(pages_of(0), Err(EINVAL));
        assert_eq!(pages_of(1), Ok(1));
        assert_eq!(pages_of(page), Ok(1));
        assert_eq!(pages_of(page + 1), Ok(2));
        assert_eq!(pages_of(1 << 32), Ok((1 << 32) / PAGE_SIZE));
        assert_eq!(pages_of(1 << 63), Err(EINVAL));
        assert_eq!(pages_of(u64::MAX), Err(EINVAL));
        assert_eq!(pages_of(i64::MAX as u64), Err(EINVAL));
    }

    #[test]
    fn each_page_is_where_it_is() -> Result {
        for count in [1, 2, 3, 7, 64, 511, 512, 513, 1025] {
            let pages = Pages::new(count, || Ok(()))?;
            assert_eq!(pages.iter().count(), count);
            for (number, page) in pages.iter().enumerate() {
                let page = NonNull::new(page).ok_or(EINVAL)?;
                assert_eq!(pages.pfn(number), Some(ffi::page_to_pfn(page)));
            }
            assert_eq!(pages.pfn(count), None);
        }
        Ok(())
    }

    #[test]
    fn runs_cover_what_is_asked_for() -> Result {
        let pages = Pages::new(1000, || Ok(()))?;
        for (first, count) in [(0, 1000), (0, 1), (511, 2), (999, 1), (3, 700)] {
            let mut next = 0;
            pages.for_each_run(first, count, |before, pfn, run| {
                assert_eq!(before, next);
                for i in 0..run {
                    assert_eq!(pages.pfn(first + before + i), Some(pfn + i));
                }
                next += run;
                Ok(())
            })?;
            assert_eq!(next, count);
        }
        Ok(())
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_buffer_share)]
mod share_tests {
    use super::*;

    #[test]
    fn percent_of_the_system() {
        assert_eq!(limit(1000, 50), 500);
        assert_eq!(limit(999, 50), 499);
        assert_eq!(limit(1000, 0), 0);
        assert_eq!(limit(1000, 100), 1000);
        assert_eq!(limit(1000, u32::MAX), 1000);
        assert_eq!(limit(usize::MAX, 100), usize::MAX);
    }

    #[test]
    fn all_together_have_no_more() -> Result {
        static IN_USE: Atomic<usize> = Atomic::new(0);

        let within = |amount| Share::within(&IN_USE, amount, 10).ok_or(ENOMEM);
        let first = within(6)?;
        assert!(within(5).is_err());
        assert!(within(usize::MAX).is_err());
        let second = within(4)?;
        assert!(within(1).is_err());
        drop(first);
        assert_eq!(IN_USE.load(Relaxed), 4);
        drop(within(6)?);
        drop(second);
        assert_eq!(IN_USE.load(Relaxed), 0);
        Ok(())
    }
}
