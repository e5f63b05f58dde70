// SPDX-License-Identifier: GPL-2.0

//! What the C side of the tests hands out.

use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

/// A structure of the C side.
///
/// # Safety
///
/// `END` must give up what a function that returns [`Returned<Self>`] hands out.
pub(crate) unsafe trait Owner {
    const END: unsafe extern "C" fn(this: NonNull<Self>);
}

/// What a C function returns that hands out a `T`.
///
/// # Invariants
///
/// An error pointer, or a valid pointer that belongs to this.
#[must_use]
#[repr(transparent)]
pub(crate) struct Returned<T>(*mut T);

impl<T: Owner> Returned<T> {
    pub(crate) fn owned(self) -> Result<Owned<T>> {
        // INVARIANT: By those of `Self`.
        Ok(Owned(NonNull::new(from_err_ptr(self.0)?).ok_or(EINVAL)?))
    }
}

/// A `T` of the C side, until this is dropped.
///
/// # Invariants
///
/// A valid pointer, which belongs to this.
pub(crate) struct Owned<T: Owner>(NonNull<T>);

impl<T: Owner> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: Valid by the type invariants, until this is dropped.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Owner> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants it was handed out to this, which ends.
        unsafe { T::END(self.0) };
    }
}
