// SPDX-License-Identifier: GPL-2.0

//! Fences: the promise that a piece of work will be done, to whoever wants to wait for it.
//!
//! A fence is signalled once: by its driver, or by the framework when the device is reset, is
//! wedged or goes. So a fence that is not signalled belongs to a device that runs, and one that is
//! refers to nothing but its own memory: neither to the driver, nor to this module. How a driver
//! uses them, [`crate::fence`] says.

pub(crate) mod dma_resv;
mod signalling;
mod sync_file;
#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
mod tests;
mod timeline;

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    ffi::c_int,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        rcu::synchronize_rcu, //
    },
    types::Opaque, //
};

pub use self::{
    signalling::Signalling,
    sync_file::SyncFile,
    timeline::{
        DriverFence,
        Timeline, //
    }, //
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
    pub fn status(&self) -> Option<Result> {
        // SAFETY: The fence is valid by the type invariants.
        match unsafe { bindings::dma_fence_get_status(self.as_raw()) } {
            0 => None,
            status => Some(to_result(status)),
        }
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
