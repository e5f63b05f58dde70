// SPDX-License-Identifier: GPL-2.0

//! Functions and tables of drivers without the driver's type.
//!
//! What calls a function by its type is a function of the core's, which this file makes.
//!
//! To call one is unsafe: the call must have been admitted to a device of the driver that it was
//! made for, in the role of its context or a higher one.

use super::{
    context::Context,
    AccelDriver, //
};
use crate::device::call::Call;

pub(super) use crate::base::fn_item::of_type;

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
