// SPDX-License-Identifier: GPL-2.0

//! Parts of a device that processes have mapped until the driver revokes that.
//!
//! The mappings of a window are in a range of the address space of the device that no other window
//! has, as those of a buffer are. So to revoke a window empties its mappings and no others,
//! whatever the offsets in the files are that the driver has for it. What is accessed later faults,
//! and finds that the window was revoked.

use kernel::{
    maple_tree::InsertErrorKind,
    new_mutex,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        Arc,
        Mutex, //
    }, //
};

use super::{
    address_space::{
        AddressSpace,
        PageRange, //
    },
    io_range::{
        CombinedWrites,
        IoRange, //
    },
};
use crate::base::wait::Waiters;

/// A part of a device that processes can map until the driver revokes that: a doorbell page of a
/// hardware context, say.
///
/// The drop revokes it, and may sleep: when it returns, no process can access the part any more.
/// What a process still has mapped raises `SIGBUS` from then on, even if the same part is given to
/// somebody else: that takes a new window. There cannot be two windows of one part at a time.
///
/// If a window is forgotten, its mappings stay until the device goes, which empties all mappings.
///
/// # Examples
///
/// Each open file has a hardware context, whose doorbells it can map. When the context is
/// destroyed, so is the mapping, and the next file gets the doorbells.
///
/// ```
/// use accel::{prelude::*, Features, FileOps, IoRange, IoWindow, MapRequest, Mapping, MmapOps};
/// use kernel::{new_mutex, sync::Mutex};
///
/// # struct Npu;
/// const DOORBELL_BYTES: u64 = 64 << 10;
///
/// #[pin_data]
/// struct File {
///     #[pin]
///     doorbell: Mutex<Option<IoWindow>>,
/// }
///
/// impl FileOps for Npu {
///     type File = File;
///
///     fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<File, Error> {
///         try_pin_init!(File { doorbell <- new_mutex!(None) })
///     }
/// }
///
/// /// Gives the hardware context `number` to the caller, with its doorbells.
/// fn create_context(ctx: &Context<'_, Npu>, number: u64) -> Result {
///     let range = ctx.data().part(number * DOORBELL_BYTES, DOORBELL_BYTES)?;
///     *ctx.file().doorbell.lock() = Some(IoWindow::new(ctx, range)?);
///     Ok(())
/// }
///
/// /// Takes both away again.
/// fn destroy_context(ctx: &Context<'_, Npu>) {
///     let doorbell = ctx.file().doorbell.lock().take();
///     drop(doorbell);
///     // From here on, nobody rings the doorbells, and the hardware context can be given away.
/// }
///
/// impl MmapOps for Npu {
///     fn mmap<'a>(ctx: &'a Context<'_, Self>, request: &MapRequest) -> Result<Mapping<'a>> {
///         let doorbell = ctx.file().doorbell.lock();
///         doorbell.as_ref().ok_or(ENXIO)?.part(request.offset, request.len)
///     }
/// }
///
/// impl AccelDriver for Npu {
///     /// The doorbells of all contexts, from `pci::bar_range()`.
///     type Data = CovariantForLt!(IoRange<'_>);
///     const FEATURES: Features<Self> = Features::none().file().mmap();
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// }
/// ```
pub struct IoWindow(Arc<Window>);

/// What those who have mapped a window share with its owner.
///
/// # Invariants
///
/// The pages from number `first_page` of physical memory on, as many as `place` has, belong to the
/// device whose files have the address space of `place`, while that is bound. Until the window is
/// revoked, no other window of the address space has one of them.
#[pin_data]
struct Window {
    place: PageRange,
    first_page: usize,
    #[pin]
    state: Mutex<State>,
    /// How many mappings of it there are, and how many are about to be.
    uses: Atomic<usize>,
    unmapped: Waiters,
}

struct State {
    is_revoked: bool,
    combined: Option<CombinedWrites>,
}

impl IoWindow {
    /// Makes a window of `range`, which the caller has found to be the device's whose files have
    /// `space`. For the errors, see the function for drivers.
    pub(crate) fn in_space(space: &Arc<AddressSpace>, range: &IoRange<'_>) -> Result<Self> {
        let (first_page, pages) = range.pages()?;
        let window = Arc::pin_init(
            try_pin_init!(Window {
                place: space.reserve(pages)?,
                first_page,
                state <- new_mutex!(State {
                    is_revoked: false,
                    combined: None,
                }),
                uses: Atomic::new(0),
                unmapped: Waiters::new(GFP_KERNEL_ACCOUNT)?,
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        let last_page = first_page + pages - 1;
        space
            .windows
            .insert_range(first_page..=last_page, (), GFP_KERNEL_ACCOUNT)
            .map_err(|e| match e.cause {
                InsertErrorKind::Occupied => EBUSY,
                InsertErrorKind::AllocError(_) => ENOMEM,
                InsertErrorKind::InvalidRequest => EINVAL,
            })?;
        window.state.lock().combined = CombinedWrites::of(space, range);
        // INVARIANT: No other window has the pages, and none gets them before this is revoked.
        Ok(Self(window))
    }

    /// Revokes it, as the drop does, for an owner that cannot drop it because it is shared. When
    /// this returns, there can be another window of the same part.
    pub fn revoke(&self) {
        let window = &self.0;
        let mut state = window.state.lock();
        if state.is_revoked {
            return;
        }
        state.is_revoked = true;
        // Whoever has brought a page before has counted before, and is seen thanks to the lock; and
        // who ceases to count has had the pages taken out.
        if window.uses.load(Acquire) != 0 {
            window.place.unmap();
        }
        // Of one page, there must not be mappings of different kinds.
        state.combined = None;
        window.place.space().windows.erase(window.first_page);
    }

    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        (self.0.place.pages() as u64) << PAGE_SHIFT
    }

    /// Returns whether a process has a part of it mapped, or is about to. That ends with the last
    /// `munmap()`, in children of the process as well.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{prelude::*, IoWindow};
    /// use kernel::sync::Mutex;
    ///
    /// /// Frees a window, unless it is mapped. `MmapOps::mmap` takes the same lock.
    /// fn free(window: &Mutex<Option<IoWindow>>) -> Result {
    ///     let mut window = window.lock();
    ///     if window.as_ref().is_some_and(IoWindow::is_mapped) {
    ///         return Err(EBUSY);
    ///     }
    ///     *window = None;
    ///     Ok(())
    /// }
    /// ```
    pub fn is_mapped(&self) -> bool {
        self.0.uses.load(Acquire) != 0
    }

    /// Returns those who are woken when the last mapping of the window is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{prelude::*, IoWindow};
    /// use kernel::sync::Arc;
    ///
    /// /// Sleeps until nobody has the window mapped any more, a second at most.
    /// fn wait_unmapped<T: AccelDriver>(ctx: Context<'_, T>, window: &Arc<IoWindow>) -> Result {
    ///     let (_ctx, wake) = ctx.wait_in(window.unmapped(), Deadline::in_ms(1_000), |_| {
    ///         (!window.is_mapped()).then_some(())
    ///     })?;
    ///     wake.ready()
    /// }
    /// ```
    pub fn unmapped(&self) -> &Waiters {
        &self.0.unmapped
    }

    /// Returns a use of the window, for a mapping of `len` bytes from `offset` on, and the number
    /// of the first page in the files. Returns `EINVAL` if these are not whole pages within the
    /// window.
    pub(crate) fn use_part(&self, offset: u64, len: u64) -> Result<(usize, WindowUse)> {
        let place = &self.0.place;
        let is_whole = (offset | len) % PAGE_SIZE as u64 == 0;
        let end = offset.checked_add(len).ok_or(EINVAL)?;
        if !is_whole || end > self.size() {
            return Err(EINVAL);
        }
        // CAST: Not more than the window has.
        let first = place.first() + (offset >> PAGE_SHIFT) as usize;
        Ok((first, WindowUse::new(self.0.clone())))
    }
}

impl Drop for IoWindow {
    fn drop(&mut self) {
        self.revoke();
    }
}

/// A mapping of a window, or one that is about to be.
///
/// # Invariants
///
/// It is counted in the `uses` of the window.
pub(crate) struct WindowUse(Arc<Window>);

impl WindowUse {
    fn new(window: Arc<Window>) -> Self {
        window.uses.fetch_add(1, Relaxed);
        // INVARIANT: It was just counted.
        Self(window)
    }

    /// Returns whether the window is one of the files that have `space`.
    pub(crate) fn is_in(&self, space: &Arc<AddressSpace>) -> bool {
        Arc::ptr_eq(self.0.place.space(), space)
    }

    /// Returns whether the processor may combine writes to it.
    pub(crate) fn is_write_combining(&self) -> bool {
        self.0.state.lock().combined.is_some()
    }

    /// Calls `f` with where in physical memory page `number` of the files is, and does not let the
    /// window be revoked meanwhile. `None` if it was, or the page is not one of it.
    pub(crate) fn with_page<R>(&self, number: usize, f: impl FnOnce(usize) -> R) -> Option<R> {
        let window = &self.0;
        let page = number.checked_sub(window.place.first())?;
        let state = window.state.lock();
        let is_there = !state.is_revoked && page < window.place.pages();
        is_there.then(|| f(window.first_page + page))
    }
}

impl Drop for WindowUse {
    fn drop(&mut self) {
        if self.0.uses.fetch_sub(1, Release) == 1 {
            self.0.unmapped.wake();
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_io_window)]
mod tests {
    use super::*;
    use kernel::faux;

    const PAGE: u64 = PAGE_SIZE as u64;

    /// A device, and the address space of its files.
    struct Scene {
        device: faux::Registration,
        space: Arc<AddressSpace>,
    }

    impl Scene {
        fn new() -> Result<Self> {
            Ok(Self {
                device: faux::Registration::new(c"accel_io_window", None)?,
                space: Arc::pin_init(AddressSpace::new(), GFP_KERNEL)?,
            })
        }

        /// Makes a window of a range of pages.
        fn window(&self, first: u64, pages: u64) -> Result<IoWindow> {
            let device = self.device.as_ref().as_ref();
            // SAFETY: Nobody maps it.
            let range = unsafe { IoRange::new(device, first * PAGE, pages * PAGE, None) };
            IoWindow::in_space(&self.space, &range)
        }
    }

    #[test]
    fn no_page_is_in_two_windows() -> Result {
        let scene = Scene::new()?;
        let first = scene.window(16, 4)?;
        for (begin, pages) in [(16, 4), (15, 2), (19, 1), (10, 100)] {
            assert_eq!(scene.window(begin, pages).err(), Some(EBUSY));
        }
        let _before = scene.window(15, 1)?;
        let _after = scene.window(20, 1)?;
        drop(first);
        let _again = scene.window(16, 4)?;
        Ok(())
    }

    #[test]
    fn a_part_is_within_the_window() -> Result {
        let scene = Scene::new()?;
        let window = scene.window(16, 4)?;
        assert_eq!(window.size(), 4 * PAGE);
        let end = 4 * PAGE;
        for (offset, len) in [
            (0, end + PAGE),
            (end, PAGE),
            (1, PAGE),
            (0, 1),
            (u64::MAX, 1),
        ] {
            assert_eq!(window.use_part(offset, len).err(), Some(EINVAL));
        }

        let (first, part) = window.use_part(PAGE, 2 * PAGE)?;
        assert_eq!(part.with_page(first, |page| page), Some(17));
        assert_eq!(part.with_page(first + 2, |page| page), Some(19));
        assert_eq!(part.with_page(first + 3, |page| page), None);
        Ok(())
    }

    #[test]
    fn what_was_revoked_is_gone() -> Result {
        let scene = Scene::new()?;
        let window = scene.window(16, 1)?;
        let (first, old) = window.use_part(0, PAGE)?;
        drop(window);
        assert_eq!(old.with_page(first, |page| page), None);

        // The same page, but not for those who had it.
        let window = scene.window(16, 1)?;
        assert!(!window.is_mapped());
        let (now, new) = window.use_part(0, PAGE)?;
        assert_eq!(new.with_page(now, |page| page), Some(16));
        assert_eq!(old.with_page(first, |page| page), None);
        Ok(())
    }

    #[test]
    fn it_knows_whether_it_is_mapped() -> Result {
        let scene = Scene::new()?;
        let window = scene.window(16, 2)?;
        assert!(!window.is_mapped());
        // From when the driver gives it away, not only from when there is an area.
        let (first, second) = (window.use_part(0, PAGE)?, window.use_part(0, PAGE)?);
        drop(first);
        assert!(window.is_mapped());
        drop(second);
        assert!(!window.is_mapped());
        Ok(())
    }
}
