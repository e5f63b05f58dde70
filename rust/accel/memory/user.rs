// SPDX-License-Identifier: GPL-2.0

//! Memory of a process, as a buffer.
//!
//! The pages are pinned, so a device can work on them whatever the process does. If the process
//! unmaps them, or gets others in their place, they are not its memory any more, and nothing new
//! can be done with the buffer.
//!
//! They count as pages that the process has pinned, and that its user has locked.

use core::ptr::NonNull;
use kernel::{
    bindings,
    current,
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::{
        c_int,
        c_long,
        c_ulong, //
    },
    mm::Mm,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{
            Atomic,
            Relaxed, //
        }, //
    },
    types::Opaque, //
};

use crate::sys::ffi::{
    self,
    Shared, //
};

/// How often to try again if the process changes its mappings meanwhile.
const TRIES: u32 = 8;

/// How many pages are looked at together.
const AT_ONCE: usize = 32;

static NOTIFIER_OPS: Shared<bindings::mmu_interval_notifier_ops> =
    Shared::new(bindings::mmu_interval_notifier_ops {
        invalidate: Some(invalidate),
        ..pin_init::zeroed()
    });

/// Watches a range of the address space of a process.
///
/// # Invariants
///
/// `notifier` is registered.
#[pin_data(PinnedDrop)]
struct Watch {
    #[pin]
    notifier: Opaque<bindings::mmu_interval_notifier>,
}

// SAFETY: A notifier has a lock of its own and may be used from any thread.
unsafe impl Send for Watch {}
// SAFETY: As above.
unsafe impl Sync for Watch {}

impl Watch {
    fn new(mm: &Mm, start: usize, len: usize) -> impl PinInit<Self, Error> + '_ {
        try_pin_init!(Self {
            // INVARIANT: The initialiser fails unless the C function has succeeded.
            notifier <- Opaque::try_ffi_init(move |notifier| {
                // SAFETY: It is valid for writes, and stays where it is until it is dropped.
                to_result(unsafe {
                    bindings::mmu_interval_notifier_insert(
                        notifier,
                        mm.as_raw(),
                        start,
                        len,
                        NOTIFIER_OPS.get(),
                    )
                })
            }),
        })
    }

    /// Waits until no change of the range is under way, and returns its number.
    fn begin(&self) -> c_ulong {
        // SAFETY: Registered by the type invariants.
        unsafe { bindings::mmu_interval_read_begin(self.notifier.get()) }
    }

    /// Returns whether the range has changed since [`Self::begin`].
    fn has_changed(&self, since: c_ulong) -> bool {
        // SAFETY: Registered by the type invariants.
        unsafe { ffi::accel_helper_mmu_interval_check_retry(self.notifier.get(), since) }
    }
}

#[pinned_drop]
impl PinnedDrop for Watch {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariants.
        unsafe { bindings::mmu_interval_notifier_remove(self.notifier.get()) };
    }
}

/// Takes note that a range is about to change.
///
/// # Safety
///
/// To be called by the memory management, for a notifier of ours.
unsafe extern "C" fn invalidate(
    notifier: *mut bindings::mmu_interval_notifier,
    range: *const bindings::mmu_notifier_range,
    number: c_ulong,
) -> bool {
    // SAFETY: The range is valid.
    let event = unsafe { (*range).event };
    // Others do not put another page in the place of one.
    if matches!(
        event,
        bindings::mmu_notifier_event_MMU_NOTIFY_UNMAP
            | bindings::mmu_notifier_event_MMU_NOTIFY_CLEAR
            | bindings::mmu_notifier_event_MMU_NOTIFY_RELEASE
    ) {
        // SAFETY: The notifier is valid.
        unsafe { ffi::accel_helper_mmu_interval_set_seq(notifier, number) };
    }
    true
}

/// Returns how to ask for pages that are to be writable, or not.
fn write_flag(is_writable: bool) -> u32 {
    match is_writable {
        true => bindings::FOLL_WRITE,
        false => 0,
    }
}

/// Pages of a process that are pinned.
///
/// # Invariants
///
/// Each of them is pinned once.
struct Pinned {
    pages: KVVec<*mut bindings::page>,
    is_writable: bool,
}

// SAFETY: Pages may be used and unpinned by any thread.
unsafe impl Send for Pinned {}
// SAFETY: As above.
unsafe impl Sync for Pinned {}

impl Pinned {
    /// None, to be replaced.
    fn none(is_writable: bool) -> Self {
        // INVARIANT: There are none.
        Self {
            pages: KVVec::new(),
            is_writable,
        }
    }

    /// Pins `count` pages of the current process from `start` on. Returns `EFAULT` if it cannot
    /// read all of them, or cannot write to all of them if they are to be writable.
    ///
    /// If they are not, the process may still write to them, and what it has writes to no other
    /// page: what it shares with others it is given a copy of before.
    fn new(start: usize, count: usize, is_writable: bool) -> Result<Self> {
        let flags = write_flag(is_writable) | bindings::FOLL_LONGTERM;
        let mut pinned = Self::none(is_writable);
        pinned.pages.reserve(count, GFP_KERNEL_ACCOUNT)?;
        while pinned.pages.len() < count {
            let done = pinned.pages.len();
            let room = &mut pinned.pages.spare_capacity_mut()[..count - done];
            // CAST: The number of pages of a call is limited; what is missing comes with the next.
            let asked = room.len().min(c_int::MAX as usize) as c_int;
            // SAFETY: There is room for as many.
            let got = unsafe {
                bindings::pin_user_pages_fast(
                    start + (done << PAGE_SHIFT),
                    asked,
                    flags,
                    room.as_mut_ptr().cast(),
                )
            };
            let got = usize::try_from(got).map_err(|_| Error::from_errno(got))?;
            if got == 0 {
                return Err(EFAULT);
            }
            // SAFETY: The function has written as many. INVARIANT: It has pinned them.
            unsafe { pinned.pages.inc_len(got) };
        }
        Ok(pinned)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let (pages, count) = (self.pages.as_mut_ptr(), self.pages.len());
        // SAFETY: By the type invariants they are pinned. If they are writable, a device may have
        // written to them.
        unsafe { bindings::unpin_user_pages_dirty_lock(pages, count, self.is_writable) };
    }
}

/// Pages that a process has pinned. They count as locked by its user, until this is dropped: also
/// when the process has ended.
///
/// # Invariants
///
/// `pages` pages are counted for `mm`, and for `user`, to which there is a reference.
struct LockedPages {
    /// `None` if the process may lock any number.
    user: Option<NonNull<bindings::user_struct>>,
    mm: ARef<Mm>,
    pages: usize,
}

// SAFETY: Users are reference-counted and may be used from any thread.
unsafe impl Send for LockedPages {}
// SAFETY: As above.
unsafe impl Sync for LockedPages {}

impl LockedPages {
    /// Counts `pages` pages for the current process and its user. Returns `ENOMEM` if the user has
    /// locked more than `RLIMIT_MEMLOCK` then, unless the process has `CAP_IPC_LOCK`.
    fn new(pages: usize) -> Result<Self> {
        let mm: ARef<Mm> = (&**current!().mm().ok_or(EINVAL)?).into();
        let user = from_err_ptr(ffi::accel_helper_lock_pages(pages))?;
        // SAFETY: The address space is valid. CAST: No process has as many pages.
        unsafe { ffi::accel_helper_count_pinned(mm.as_raw(), pages as c_long) };
        // INVARIANT: They were just counted, and the function has taken a reference.
        Ok(Self {
            user: NonNull::new(user),
            mm,
            pages,
        })
    }

    /// Returns the address space of the process.
    fn mm(&self) -> &ARef<Mm> {
        &self.mm
    }

    /// Returns whether it is the current process that has pinned them.
    fn are_of_current(&self) -> bool {
        let current = current!();
        let mm = current.mm().map(|mm| mm.as_raw());
        mm == Some(self.mm.as_raw())
    }
}

impl Drop for LockedPages {
    fn drop(&mut self) {
        // SAFETY: By the type invariants they are counted. CAST: As in `new()`.
        unsafe { ffi::accel_helper_count_pinned(self.mm.as_raw(), -(self.pages as c_long)) };
        if let Some(user) = self.user {
            // SAFETY: As above, with a reference.
            unsafe { ffi::accel_helper_unlock_pages(user.as_ptr(), self.pages) };
        }
    }
}

/// Memory of a process.
#[pin_data]
pub(crate) struct UserPages {
    // The watch ends first.
    #[pin]
    watch: Watch,
    since: Atomic<c_ulong>,
    start: usize,
    pages: Pinned,
    locked: LockedPages,
}

impl UserPages {
    /// Takes `len` bytes of the current process from `start` on, both multiples of the page size,
    /// to be written to or only to be read.
    ///
    /// Returns `EINVAL` if there is no such memory, `EFAULT` if the process cannot do that with all
    /// of it, `ENOMEM` if its user may not lock as much, and `EAGAIN` if it keeps on changing it.
    pub(crate) fn new(start: usize, len: usize, is_writable: bool) -> Result<Pin<KBox<Self>>> {
        if (start | len) % PAGE_SIZE != 0 || len == 0 || start.checked_add(len).is_none() {
            return Err(EINVAL);
        }
        let count = len >> PAGE_SHIFT;
        if count > ffi::system_pages() {
            return Err(ENOMEM);
        }
        let locked = LockedPages::new(count)?;
        let mm = locked.mm().clone();
        let user = try_pin_init!(Self {
            watch <- Watch::new(&mm, start, len),
            since: Atomic::new(0),
            start,
            pages: Pinned::none(is_writable),
            locked,
        });
        let mut user = KBox::pin_init(user, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..TRIES {
            let since = user.watch.begin();
            let pages = Pinned::new(start, count, is_writable)?;
            // To pin a page may replace it, too: by one that is not shared with others.
            if !user.watch.has_changed(since) {
                let user_mut = user.as_mut().project();
                user_mut.since.store(since, Relaxed);
                *user_mut.pages = pages;
                return Ok(user);
            }
        }
        Err(EAGAIN)
    }

    /// Returns `EFAULT` if it is not the memory of the process any more.
    pub(crate) fn check(&self) -> Result {
        if self.watch.has_changed(self.since.load(Relaxed)) {
            return self.revalidate();
        }
        Ok(())
    }

    /// Checks again whether the pages are where they were. That a huge page is split is told, too,
    /// as when the process forks, or unmaps another part of it.
    ///
    /// The caller is inside the gate, so nothing here waits for user space.
    #[cold]
    fn revalidate(&self) -> Result {
        if !self.locked.are_of_current() {
            return Err(EFAULT);
        }
        for _ in 0..TRIES {
            let since = self.watch.begin();
            self.compare()?;
            if !self.watch.has_changed(since) {
                self.since.store(since, Relaxed);
                return Ok(());
            }
        }
        Err(EFAULT)
    }

    /// Returns `EFAULT` if the current process has not the same pages there, or they are not at
    /// hand: none is brought, and no lock of its memory is waited for. Returns `EINTR` if it is
    /// being killed.
    fn compare(&self) -> Result {
        let mut seen = [core::ptr::null_mut(); AT_ONCE];
        let mut start = self.start;
        for pages in self.pages().chunks(AT_ONCE) {
            if ffi::is_being_killed() {
                return Err(EINTR);
            }
            // CAST: There are few.
            let count = pages.len() as c_int;
            let flags = write_flag(self.pages.is_writable);
            // SAFETY: There is room for as many.
            let got = unsafe {
                bindings::get_user_pages_fast_only(start, count, flags, seen.as_mut_ptr())
            };
            let got = &seen[..usize::try_from(got).unwrap_or(0)];
            for page in got {
                // SAFETY: The function has taken a reference to each.
                unsafe { ffi::accel_helper_put_page(*page) };
            }
            if got != pages {
                return Err(EFAULT);
            }
            start += pages.len() << PAGE_SHIFT;
        }
        Ok(())
    }

    /// Returns the pages.
    pub(crate) fn pages(&self) -> &[*mut bindings::page] {
        &self.pages.pages
    }
}
