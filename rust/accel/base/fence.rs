// SPDX-License-Identifier: GPL-2.0

//! Fences: the promise that a piece of work will be done, to whoever wants to wait for it.
//!
//! A fence is signalled once: by its driver, or by the framework when the device is reset, is
//! wedged or goes. So a fence that is not signalled belongs to a device that runs, and one that is
//! refers to nothing but its own memory: neither to the driver, nor to this module. How a driver
//! uses them, [`crate::fence`] says.

pub(crate) mod dma_resv;
mod merge;
#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
mod tests;
mod timeline;

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    fs::{
        file::{
            flags,
            FileDescriptorReservation, //
        },
        File, //
    },
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        rcu::synchronize_rcu, //
    },
    types::{
        NotThreadSafe,
        Opaque, //
    }, //
};

pub use self::timeline::{
    DriverFence,
    Timeline, //
};

pub(crate) use self::timeline::Fences;

use crate::sys::ffi::{
    self,
    Shared, //
};

/// What all fences of this module have in common. Without `release` and `wait`, a fence is
/// independent of it once it is signalled.
static OPS: Shared<bindings::dma_fence_ops> = Shared::new(bindings::dma_fence_ops {
    get_driver_name: Some(driver_name),
    get_timeline_name: Some(timeline_name),
    ..pin_init::zeroed()
});

/// Names who signals a fence.
///
/// # Safety
///
/// To be called by the fence framework.
unsafe extern "C" fn driver_name(_fence: *mut bindings::dma_fence) -> *const c_char {
    c"accel".as_char_ptr()
}

/// Names what a fence is one of.
///
/// # Safety
///
/// To be called by the fence framework.
unsafe extern "C" fn timeline_name(_fence: *mut bindings::dma_fence) -> *const c_char {
    c"timeline".as_char_ptr()
}

/// The module's part in fences; there is one, which goes when no device is left.
pub(crate) struct Operations(());

impl Operations {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl Drop for Operations {
    fn drop(&mut self) {
        // All fences are signalled. Who asked one of them for its names just before may still be
        // in these functions, within an RCU read-side critical section.
        synchronize_rcu();
    }
}

/// A fence, of any driver: a `struct dma_fence`.
///
/// # Invariants
///
/// The structure is initialised, and reference-counted.
///
/// # Examples
///
/// ```
/// use accel::fence::Fence;
/// use kernel::prelude::*;
///
/// /// Returns whether the work is done that a process has named by a descriptor.
/// fn is_done(fd: i32) -> Result<bool> {
///     Ok(Fence::from_fd(fd)?.status().is_some())
/// }
/// ```
#[repr(transparent)]
pub struct Fence(Opaque<bindings::dma_fence>);

// SAFETY: A fence has a lock of its own and may be used from any thread.
unsafe impl Send for Fence {}
// SAFETY: As above.
unsafe impl Sync for Fence {}

// SAFETY: The C functions count references.
unsafe impl AlwaysRefCounted for Fence {
    fn inc_ref(&self) {
        // SAFETY: A reference exists, so the count is not zero.
        unsafe { ffi::accel_helper_dma_fence_get(self.as_raw()) };
    }

    unsafe fn dec_ref(fence: NonNull<Self>) {
        // SAFETY: The caller gives up a reference.
        unsafe {
            ffi::accel_helper_dma_fence_put(Opaque::cast_into(&raw const (*fence.as_ptr()).0))
        };
    }
}

impl Fence {
    /// Returns the fence of a descriptor of the current process. Returns `EINVAL` if that is not a
    /// sync_file.
    ///
    /// Whether and when a fence of others is signalled is up to them: wait for it with
    /// [`Context::wait_fence`](crate::Context::wait_fence) or a
    /// [`FenceCallback`](crate::fence::FenceCallback).
    pub fn from_fd(fd: i32) -> Result<ARef<Self>> {
        let fence = NonNull::new(ffi::sync_file_get_fence(fd)).ok_or(EINVAL)?;
        // SAFETY: The function returns a reference. INVARIANT: It is a valid fence.
        Ok(unsafe { ARef::from_raw(fence.cast()) })
    }

    /// Returns how the work has ended; `None` while the fence is not signalled.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::fence::Fence;
    /// # use kernel::prelude::*;
    /// fn describe(fence: &Fence) -> &'static CStr {
    ///     match fence.status() {
    ///         None => c"is under way",
    ///         Some(Ok(())) => c"is done",
    ///         Some(Err(_)) => c"has failed",
    ///     }
    /// }
    /// ```
    pub fn status(&self) -> Option<Result> {
        // SAFETY: The fence is valid by the type invariants.
        match unsafe { bindings::dma_fence_get_status(self.as_raw()) } {
            0 => None,
            status => Some(to_result(status)),
        }
    }

    /// Returns how the work has ended, if that is known without locking the fence or asking whoever
    /// signals it: may be called with a lock held that a callback of the fence takes.
    pub(crate) fn peek_status(&self) -> Option<Result> {
        // SAFETY: The fence is valid by the type invariants.
        match unsafe { ffi::accel_helper_dma_fence_peek_status(self.as_raw()) } {
            0 => None,
            status => Some(to_result(status)),
        }
    }

    /// Returns the number of a new context.
    fn new_context() -> u64 {
        // SAFETY: May be called from any context.
        unsafe { bindings::dma_fence_context_alloc(1) }
    }

    /// Returns the number of its timeline, whosever that is.
    fn context(&self) -> u64 {
        // SAFETY: The fence is valid by the type invariants, and its context does not change.
        unsafe { (*self.as_raw()).context }
    }

    /// Returns its number on its timeline.
    fn number(&self) -> u64 {
        // SAFETY: As above.
        unsafe { (*self.as_raw()).seqno }
    }

    /// Makes a fence that is not signalled. If it is not the first of its `context`, its number
    /// must be the next.
    fn new(memory: KBox<Self>, context: u64, number: u64) -> ARef<Self> {
        let fence = NonNull::from(KBox::leak(memory));
        // SAFETY: The structure is valid for writes, and stays where it is; the operations are
        // static. INVARIANT: The function initialises all of it, with one reference, which frees
        // the memory in the way that fits.
        unsafe {
            let raw = Opaque::cast_into(&raw const (*fence.as_ptr()).0);
            bindings::dma_fence_init64(raw, OPS.get(), core::ptr::null_mut(), context, number);
            ARef::from_raw(fence)
        }
    }

    /// Allocates what [`Self::new`] needs. Charged to the current process, which decides how long
    /// a fence lives by its descriptors.
    fn memory() -> Result<KBox<Self>> {
        // INVARIANT: `new()` initialises it before somebody uses it.
        Ok(KBox::new(Self(Opaque::uninit()), GFP_KERNEL_ACCOUNT)?)
    }

    /// Signals the fence.
    ///
    /// # Safety
    ///
    /// The fence must be one of [`Self::new`], and must be signalled only once.
    unsafe fn signal(&self, result: Result) {
        let errno: c_int = result.map_or_else(|e| e.to_errno(), |()| 0);
        // SAFETY: The fence is valid by the type invariants. Nobody else writes the error of ours,
        // nor reads it before they are signalled.
        unsafe {
            (*self.as_raw()).error = errno;
            bindings::dma_fence_signal(self.as_raw());
        }
    }

    /// Returns the C side.
    pub(crate) fn as_raw(&self) -> *mut bindings::dma_fence {
        self.0.get()
    }
}

/// A file descriptor of the current process for a fence. The process has it once it is installed;
/// if this is dropped before, nothing has happened.
///
/// # Examples
///
/// ```
/// use accel::fence::{Fence, SyncFile};
/// use kernel::prelude::*;
///
/// /// Returns a descriptor of the fence, when nothing can fail any more.
/// fn hand_out(fence: &Fence, begin: impl FnOnce() -> Result) -> Result<i32> {
///     let file = SyncFile::new(fence)?;
///     begin()?;
///     let fd = file.fd();
///     file.install();
///     Ok(fd)
/// }
/// ```
#[must_use = "the descriptor is given up when this is dropped"]
pub struct SyncFile {
    fd: FileDescriptorReservation,
    file: ARef<File>,
}

impl SyncFile {
    /// Sets a descriptor aside, which will be closed on exec. Returns `EMFILE` if the process has
    /// as many as it may, and `ENOMEM`.
    pub fn new(fence: &Fence) -> Result<Self> {
        let fd = FileDescriptorReservation::get_unused_fd_flags(flags::O_CLOEXEC)?;
        // SAFETY: The fence is valid.
        let file = unsafe { ffi::accel_helper_sync_file_create(fence.as_raw()) };
        let file = NonNull::new(file).ok_or(ENOMEM)?;
        // SAFETY: The function returns a reference to a new file, which nobody else has.
        let file = unsafe { ARef::from_raw(file.cast()) };
        Ok(Self { fd, file })
    }

    /// Returns the number of the descriptor.
    pub fn fd(&self) -> i32 {
        // CAST: Descriptors are small numbers.
        self.fd.reserved_fd() as i32
    }

    /// Gives the process the descriptor. From then on it may use and close it, so this comes last,
    /// when nothing can fail any more.
    pub fn install(self) {
        self.fd.fd_install(self.file);
    }
}

/// Marks a section of code that a fence depends on, from [`Self::begin`] until this is dropped.
///
/// Others may wait for the fence in order to free memory, with reservations locked, and inside the
/// locks of an address space. So the section must neither allocate memory, other than with
/// `GFP_ATOMIC`, nor take any of these locks, nor one under which others do. Lockdep reports a
/// section that does, as soon as it runs once; without lockdep, this costs nothing.
///
/// The framework marks interrupts, [`WorkOps::background`], [`WorkOps::stop`] and what
/// leads to these. A driver marks what it signals fences in beside them, such as a thread of its
/// own.
///
/// [`WorkOps::background`]: crate::WorkOps::background
/// [`WorkOps::stop`]: crate::WorkOps::stop
///
/// # Examples
///
/// ```
/// use accel::fence::{DriverFence, Signalling};
/// use kernel::prelude::*;
///
/// /// Signals what a thread of the driver's own has finished. To allocate memory here would be a
/// /// deadlock, which lockdep reports.
/// fn signal_all(finished: KVec<DriverFence>) {
///     let _signalling = Signalling::begin();
///     for fence in finished {
///         fence.signal(Ok(()));
///     }
/// }
/// ```
#[must_use = "the section ends when this is dropped"]
pub struct Signalling {
    #[cfg(CONFIG_LOCKDEP)]
    cookie: bool,
    // To lockdep, the section is a lock of the task that began it.
    _not_send: NotThreadSafe,
}

impl Signalling {
    /// Begins a section. Sections can be nested.
    #[inline(always)]
    pub fn begin() -> Self {
        Self {
            // SAFETY: May be called in any context; the cookie is given back when this is dropped.
            #[cfg(CONFIG_LOCKDEP)]
            cookie: unsafe { bindings::dma_fence_begin_signalling() },
            _not_send: NotThreadSafe,
        }
    }
}

#[cfg(CONFIG_LOCKDEP)]
impl Drop for Signalling {
    fn drop(&mut self) {
        // SAFETY: The cookie is that of the section, which this task began.
        unsafe { bindings::dma_fence_end_signalling(self.cookie) };
    }
}
