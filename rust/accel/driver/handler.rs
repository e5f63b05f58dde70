// SPDX-License-Identifier: GPL-2.0

//! Functions and tables of drivers without the driver's type.
//!
//! A function item, or a closure without captures, carries its identity in its type. So a table,
//! whose rows are all of one type and could not hold its value, has what calls it by type: a
//! function of the core's, which this file makes.
//!
//! To call one is unsafe: the call must have been admitted to a device of the driver that it was
//! made for, in the role of its context or a higher one.

use core::ptr::NonNull;
use kernel::prelude::*;

use super::{
    context::Context,
    AccelDriver, //
};
use crate::device::call::Call;

/// Returns the function of type `H`.
///
/// # Safety
///
/// A value of the type `H` must exist, such as the one that the row of a table was made of. It may
/// be gone, or belong to another thread: what it may be used for, its bounds say.
#[inline(always)]
pub(super) unsafe fn of_type<H: Copy + Send + Sync + 'static>() -> H {
    const_assert!(
        size_of::<H>() == 0,
        "a handler must be a function's name or a closure that captures nothing"
    );
    // SAFETY: `H` has no size, so any well-aligned pointer may be read through, and as a value of
    // it exists and it is `Copy`, so may another.
    unsafe { NonNull::<H>::dangling().read() }
}

/// Makes what calls `function`, which borrows the context.
pub(super) const fn by_ref<T, R, H, V>(function: H) -> unsafe fn(&Call<'_>) -> V
where
    T: AccelDriver,
    H: Fn(&Context<'_, T, R>) -> V + Copy + Send + Sync + 'static,
{
    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`, in the role `R` or a higher one.
    unsafe fn shim<T, R, H, V>(call: &Call<'_>) -> V
    where
        T: AccelDriver,
        H: Fn(&Context<'_, T, R>) -> V + Copy + Send + Sync + 'static,
    {
        // SAFETY: `by_ref()` was given a function of this type.
        let function = unsafe { of_type::<H>() };
        // SAFETY: Same requirements.
        function(unsafe { Context::from_ref(call) })
    }

    let _ = function;
    shim::<T, R, H, V>
}

/// As [`by_ref`], for a function that takes an `A`, too.
pub(super) const fn by_ref_with<T, R, A, H, V>(function: H) -> unsafe fn(&Call<'_>, &A) -> V
where
    T: AccelDriver,
    A: ?Sized,
    H: Fn(&Context<'_, T, R>, &A) -> V + Copy + Send + Sync + 'static,
{
    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`, in the role `R` or a higher one.
    unsafe fn shim<T, R, A, H, V>(call: &Call<'_>, argument: &A) -> V
    where
        T: AccelDriver,
        A: ?Sized,
        H: Fn(&Context<'_, T, R>, &A) -> V + Copy + Send + Sync + 'static,
    {
        // SAFETY: `by_ref_with()` was given a function of this type.
        let function = unsafe { of_type::<H>() };
        // SAFETY: Same requirements.
        function(unsafe { Context::from_ref(call) }, argument)
    }

    let _ = function;
    shim::<T, R, A, H, V>
}

/// Makes what calls `function`, which consumes the context.
pub(super) const fn by_value<T, R, H, V>(function: H) -> unsafe fn(Call<'_>) -> V
where
    T: AccelDriver,
    H: Fn(Context<'_, T, R>) -> V + Copy + Send + Sync + 'static,
{
    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`, in the role `R` or a higher one.
    unsafe fn shim<T, R, H, V>(call: Call<'_>) -> V
    where
        T: AccelDriver,
        H: Fn(Context<'_, T, R>) -> V + Copy + Send + Sync + 'static,
    {
        // SAFETY: `by_value()` was given a function of this type.
        let function = unsafe { of_type::<H>() };
        // SAFETY: Same requirements.
        function(unsafe { Context::new(call) })
    }

    let _ = function;
    shim::<T, R, H, V>
}

/// As [`by_value`], for a function that changes an `A`, too.
pub(super) const fn by_value_with<T, R, A, H, V>(function: H) -> unsafe fn(Call<'_>, &mut A) -> V
where
    T: AccelDriver,
    A: ?Sized,
    H: Fn(Context<'_, T, R>, &mut A) -> V + Copy + Send + Sync + 'static,
{
    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`, in the role `R` or a higher one.
    unsafe fn shim<T, R, A, H, V>(call: Call<'_>, argument: &mut A) -> V
    where
        T: AccelDriver,
        A: ?Sized,
        H: Fn(Context<'_, T, R>, &mut A) -> V + Copy + Send + Sync + 'static,
    {
        // SAFETY: `by_value_with()` was given a function of this type.
        let function = unsafe { of_type::<H>() };
        // SAFETY: Same requirements.
        function(unsafe { Context::new(call) }, argument)
    }

    let _ = function;
    shim::<T, R, A, H, V>
}
