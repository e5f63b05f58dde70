// SPDX-License-Identifier: GPL-2.0

//! Implicit fences: those that come with the memory that the work is on.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    sync::aref::ARef,
    types::Opaque, //
};

use super::Fence;
use crate::ffi;

/// A reservation object, and what is to be done with its memory.
pub(crate) struct Object {
    resv: NonNull<bindings::dma_resv>,
    writes: bool,
    locked: bool,
}

impl Object {
    pub(crate) fn new(resv: NonNull<bindings::dma_resv>, writes: bool) -> Self {
        Self {
            resv,
            writes,
            locked: false,
        }
    }

    /// Returns the kind of its fences, `DMA_RESV_USAGE_*`.
    fn usage(&self) -> bindings::dma_resv_usage {
        match self.writes {
            true => bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE,
            false => bindings::dma_resv_usage_DMA_RESV_USAGE_READ,
        }
    }

    /// Returns the kind of the fences that it waits for: who reads, for those who write, and who
    /// writes, for everybody.
    fn waits_for(&self) -> bindings::dma_resv_usage {
        match self.writes {
            true => bindings::dma_resv_usage_DMA_RESV_USAGE_READ,
            false => bindings::dma_resv_usage_DMA_RESV_USAGE_WRITE,
        }
    }
}

/// Reservation objects that are locked, until this is dropped.
///
/// # Invariants
///
/// All objects are valid, and `ctx` is initialised. Those that are marked as locked are, with
/// `ctx`, and none of these is there twice. Once [`Locked::new`] has returned, all are, and each
/// has room for a fence.
pub(crate) struct Locked {
    objects: KVec<Object>,
    ctx: KBox<Opaque<bindings::ww_acquire_ctx>>,
}

impl Locked {
    /// Locks all objects, whatever the order in which others do. If one of them is there more than
    /// once, it counts as written to if it is once.
    ///
    /// Returns `EINTR` if a signal arrives before all are locked, and `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The objects must be valid until the result is dropped.
    pub(crate) unsafe fn new(objects: KVec<Object>) -> Result<Self> {
        let ctx = KBox::new(Opaque::uninit(), GFP_KERNEL)?;
        // SAFETY: The memory is valid for writes, and stays where it is until `drop` is done with
        // it.
        unsafe { ffi::accel_helper_ww_acquire_init(ctx.get()) };
        // INVARIANT: It was just initialised. No object is locked; the caller guarantees that they
        // are valid.
        let mut this = Self { objects, ctx };
        this.lock()?;
        // SAFETY: By the type invariants it is initialised.
        unsafe { ffi::accel_helper_ww_acquire_done(this.ctx.get()) };
        for object in &this.objects {
            // SAFETY: The object is valid, and was just locked.
            to_result(unsafe { bindings::dma_resv_reserve_fences(object.resv.as_ptr(), 1) })?;
        }
        Ok(this)
    }

    fn lock(&mut self) -> Result {
        let ctx = self.ctx.get();
        let mut next = 0;
        while let Some(object) = self.objects.get_mut(next) {
            if object.locked {
                next += 1;
                continue;
            }
            let resv = object.resv.as_ptr();
            // SAFETY: By the type invariants both are valid, and the object is not locked with
            // this context. If the caller has it locked with another, it waits for a signal.
            let ret = unsafe { ffi::accel_helper_dma_resv_lock_interruptible(resv, ctx) };
            match to_result(ret) {
                Ok(()) => object.locked = true,
                Err(EALREADY) => self.merge(next),
                // Somebody who has come before has it, and waits for one that is locked here: he
                // gets them all, and then we begin with this one.
                Err(EDEADLK) => {
                    self.unlock();
                    // SAFETY: As above; no object is locked.
                    to_result(unsafe {
                        ffi::accel_helper_dma_resv_lock_slow_interruptible(resv, ctx)
                    })?;
                    self.objects[next].locked = true;
                    next = 0;
                }
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Takes out an object that is there twice, and locked already.
    fn merge(&mut self, index: usize) {
        if let Ok(twin) = self.objects.remove(index) {
            let mut objects = self.objects.iter_mut();
            if let Some(object) = objects.find(|object| object.resv == twin.resv) {
                object.writes |= twin.writes;
            }
        }
    }

    fn unlock(&mut self) {
        for object in self.objects.iter_mut().filter(|object| object.locked) {
            // SAFETY: By the type invariants it is locked.
            unsafe { bindings::dma_resv_unlock(object.resv.as_ptr()) };
            object.locked = false;
        }
    }

    /// Returns fences that are signalled when all is done that has to be done before. Returns
    /// `ENOMEM`.
    pub(crate) fn pending(&self) -> Result<KVec<ARef<Fence>>> {
        let mut fences = KVec::new();
        for object in &self.objects {
            let mut fence = core::ptr::null_mut();
            // SAFETY: The object is valid by the type invariants.
            to_result(unsafe {
                let resv = object.resv.as_ptr();
                bindings::dma_resv_get_singleton(resv, object.waits_for(), &mut fence)
            })?;
            let Some(fence) = NonNull::new(fence) else {
                continue;
            };
            // SAFETY: The function returns a reference. INVARIANT: It is a valid fence.
            let fence = unsafe { ARef::<Fence>::from_raw(fence.cast()) };
            fences.push(fence, GFP_KERNEL)?;
        }
        Ok(fences)
    }

    /// Adds `fence` to all objects. To be called once at most: there is room for one.
    pub(crate) fn add(&self, fence: &Fence) {
        for object in &self.objects {
            // SAFETY: By the type invariants the object is locked, and has room for a fence.
            unsafe {
                let resv = object.resv.as_ptr();
                bindings::dma_resv_add_fence(resv, fence.as_raw(), object.usage());
            }
        }
    }
}

impl Drop for Locked {
    #[inline(never)]
    fn drop(&mut self) {
        self.unlock();
        // SAFETY: By the type invariants it is initialised; nothing is locked with it any more.
        unsafe { ffi::accel_helper_ww_acquire_fini(self.ctx.get()) };
    }
}
