// SPDX-License-Identifier: GPL-2.0

//! Ioctls of a driver whose structures point to arrays.

use kernel::prelude::*;

use super::{
    context::{
        Context,
        User, //
    },
    handler,
    ioctl::Ioctl,
    AccelDriver, //
};
use crate::{
    base::arrays::{
        self,
        Array,
        HasArrays,
        Shapes,
        MAX_ARRAYS, //
    },
    device::{
        call::Call,
        ops::ioctl::Handler, //
    }, //
};

impl<T: AccelDriver> Ioctl<T> {
    /// Declares an ioctl that users may call, as [`Self::new`] does, the structure of which points
    /// to arrays: see [`HasArrays`]. The handler gets them, and is called when those that it reads
    /// have been copied from user space; those that it fills are copied back before the structure.
    ///
    /// What the elements point to in turn cannot be had: a handler must not access memory of the
    /// process.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{array_field, prelude::*, ArrayField, HasArrays};
    ///
    /// uapi_struct! {
    ///     struct Sum {
    ///         size: u32,
    ///         count: u32,
    ///         numbers_ptr: u64,
    ///         sum: u64,
    ///     }
    /// }
    ///
    /// impl HasArrays for Sum {
    ///     type Arrays<'a> = &'a [u32];
    ///     const FIELDS: &'static [ArrayField] = &[array_field!(Sum, numbers_ptr, count, 1024)];
    /// }
    ///
    /// fn sum<T: AccelDriver>(_: Context<'_, T>, args: &mut Sum, numbers: &[u32]) -> Result {
    ///     args.sum = numbers.iter().copied().map(u64::from).sum();
    ///     Ok(())
    /// }
    ///
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     Ioctl::with_arrays(0x40, "NPU_IOC_SUM", sum, "Sums")
    /// }
    /// ```
    pub const fn with_arrays<A, H>(
        nr: u8,
        name: &'static str,
        handler: H,
        description: &'static str,
    ) -> Self
    where
        A: HasArrays,
        H: Fn(Context<'_, T, User>, &mut A, A::Arrays<'_>) -> Result + Copy + Send + Sync + 'static,
    {
        let _ = handler;
        let shim = Handler::WithArrays(shim_with_arrays::<T, A, H>, Shapes::of::<A>());
        // INVARIANT: The shim is one for `T`, and for users.
        Self::by::<A>(nr, name, description, shim)
    }
}

/// Calls the handler of type `H` with typed arguments and arrays.
///
/// # Safety
///
/// The requirements of [`Handler`] for the driver `T`, the role of a user and the structure `A`.
unsafe fn shim_with_arrays<T, A, H>(
    call: Call<'_>,
    args: &mut [u8],
    arrays: &mut [Array; MAX_ARRAYS],
) -> Result
where
    T: AccelDriver,
    A: HasArrays,
    H: Fn(Context<'_, T, User>, &mut A, A::Arrays<'_>) -> Result + Copy + Send + Sync + 'static,
{
    // SAFETY: `Ioctl` was given one.
    let handler = unsafe { handler::of_type::<H>() };

    let args = A::mut_from_bytes(args).map_err(|_| EINVAL)?;
    let arrays = arrays::typed::<A>(arrays)?;

    // SAFETY: Passed on to the caller.
    handler(unsafe { Context::new(call) }, args, arrays)
}
