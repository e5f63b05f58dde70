// SPDX-License-Identifier: GPL-2.0

//! What a driver keeps for something of its device, without the type that it has for the driver.
//!
//! The code by which the data is dropped is in the driver's module. So whoever has a reference
//! gives it up inside the gate, or when the device is being removed; and whatever may live longer
//! than the binding does not know of it.

use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::sync::{
    Arc,
    ArcBorrow, //
};

/// An `Arc<T::Buffer>` without its type, or [`Self::NONE`]. Whose reference it is depends on where
/// it is kept.
#[derive(Clone, Copy)]
pub(crate) struct RawData(NonNull<c_void>);

// SAFETY: What it refers to is both `Send` and `Sync`, as `BufferOps` requires.
unsafe impl Send for RawData {}
// SAFETY: As above.
unsafe impl Sync for RawData {}

impl RawData {
    /// What the handles of a driver have that keeps no data. Refers to nothing.
    pub(crate) const NONE: Self = Self(NonNull::dangling());

    /// Takes over a reference.
    pub(crate) fn new<D>(data: Arc<D>) -> Self {
        // SAFETY: A reference is not null.
        Self(unsafe { NonNull::new_unchecked(Arc::into_raw(data).cast_mut().cast()) })
    }

    /// Returns what it refers to.
    ///
    /// # Safety
    ///
    /// It must have been made of an `Arc<D>`, and somebody must have a reference for the whole
    /// lifetime of the result.
    pub(crate) unsafe fn get<'a, D>(self) -> &'a D {
        // SAFETY: It was made of such a reference, which points to the data, and which the caller
        // keeps from being given up.
        unsafe { self.0.cast().as_ref() }
    }

    /// Returns a further reference.
    ///
    /// # Safety
    ///
    /// It must have been made of an `Arc<D>`, and somebody must have a reference meanwhile.
    pub(crate) unsafe fn share<D>(self) -> Arc<D> {
        // SAFETY: It was made of such a reference, which the caller keeps from being given up.
        unsafe { ArcBorrow::<D>::from_raw(self.0.as_ptr().cast()) }.into()
    }

    /// Returns the reference.
    ///
    /// # Safety
    ///
    /// It must have been made of an `Arc<D>`, belong to the caller, and not be used again.
    pub(crate) unsafe fn into_arc<D>(self) -> Arc<D> {
        // SAFETY: It was made of such a reference, which is given up here.
        unsafe { Arc::<D>::from_raw(self.0.as_ptr().cast()) }
    }
}

/// Drops a reference.
///
/// # Safety
///
/// It must be of the driver that the function is of, and must not be used again.
pub(crate) type DropFn = unsafe fn(RawData);

/// The data of a buffer, on its way to a handle or from there.
///
/// # Invariants
///
/// `raw` is a reference that belongs to this, of the driver that `drop_fn` is of.
pub(crate) struct Data<'a> {
    drop_fn: DropFn,
    raw: RawData,
    _driver: PhantomData<&'a DropFn>,
}

impl<'a> Data<'a> {
    /// Takes a reference.
    ///
    /// # Safety
    ///
    /// It must be the caller's, and of the driver that `drop_fn` is of.
    pub(crate) unsafe fn from_raw(drop_fn: DropFn, raw: RawData) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self {
            drop_fn,
            raw,
            _driver: PhantomData,
        }
    }

    /// Returns the reference, which stays with this unless this is forgotten.
    pub(crate) fn raw(&self) -> RawData {
        self.raw
    }
}

impl Drop for Data<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference belongs to this, which ends.
        unsafe { (self.drop_fn)(self.raw) };
    }
}
