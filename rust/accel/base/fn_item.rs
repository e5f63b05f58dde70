// SPDX-License-Identifier: GPL-2.0

//! Functions by their types.
//!
//! A function item, or a closure without captures, carries its identity in its type. So a table,
//! whose rows are all of one type and cannot hold its value, has a function that knows its type.

use core::ptr::NonNull;
use kernel::prelude::*;

/// Returns the function of type `H`.
///
/// # Safety
///
/// A value of the type `H` must exist, such as the one that the row of a table was made of. It may
/// be gone, or belong to another thread: what it may be used for, its bounds say.
#[inline(always)]
pub(crate) unsafe fn of_type<H: Copy + Send + Sync + 'static>() -> H {
    const_assert!(
        size_of::<H>() == 0,
        "a handler must be a function's name or a closure that captures nothing"
    );
    // SAFETY: `H` has no size, so any well-aligned pointer may be read through, and as a value of
    // it exists and it is `Copy`, so may another.
    unsafe { NonNull::<H>::dangling().read() }
}
