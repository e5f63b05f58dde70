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
    base::{
        arrays::{
            self,
            Array,
            HasArrays,
            Shapes,
            MAX_ARRAYS, //
        },
        user_memory::UserMemory, //
    },
    device::{
        call::Call,
        ops::ioctl::Handler, //
    },
    sys::uapi::UapiType, //
};

impl<T: AccelDriver> Ioctl<T> {
    /// Declares an ioctl that users may call, as [`Self::new`] does, the structure of which points
    /// to arrays: see [`HasArrays`]. The handler gets them, and is called when those that it reads
    /// have been copied from user space; those that it fills are copied back before the structure.
    ///
    /// What the elements point to in turn, the handler has with [`Context::read_array`].
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

impl<T: AccelDriver> Context<'_, T, User> {
    /// Reads an array of the process, in a handler of an ioctl that finds only inside where it is,
    /// or how long: `count` elements from `at` on, which begin `stride` bytes apart. Arrays that
    /// the structure of the ioctl points to are better declared, see [`HasArrays`].
    ///
    /// If the memory is not at hand, this fails with `EFAULT`, and the handler returns that. Then
    /// it is called again, with the structure as it was, when the memory has been brought, which
    /// may take as long as user space pleases. So a handler reads all arrays before it changes
    /// anything.
    ///
    /// Returns `EINVAL` if the stride is less than an element, `E2BIG` for more than
    /// [`ARRAY_MAX`](crate::ARRAY_MAX) bytes, and `ENOMEM`. What user space has changed since the
    /// last time it was read is read as it is now.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::prelude::*;
    ///
    /// uapi_struct! {
    ///     /// `struct npu_job`, which may grow: the program says how large it takes it to be.
    ///     struct Job {
    ///         buffers_ptr: u64,
    ///         buffer_count: u32,
    ///         flags: u32,
    ///     }
    ///
    ///     struct Submit {
    ///         size: u32,
    ///         job_count: u32,
    ///         jobs_ptr: u64,
    ///         job_size: u32,
    ///         reserved: u32,
    ///     }
    /// }
    ///
    /// fn submit<T: AccelDriver>(ctx: Context<'_, T>, args: &mut Submit) -> Result {
    ///     let (count, stride) = (args.job_count as usize, args.job_size as usize);
    ///     let jobs = ctx.read_array::<Job>(args.jobs_ptr, count, stride)?;
    ///     for job in &jobs {
    ///         let _buffers =
    ///             ctx.read_array::<u32>(job.buffers_ptr, job.buffer_count as usize, 4)?;
    ///     }
    ///     // Only now is anything changed.
    ///     Ok(())
    /// }
    /// ```
    pub fn read_array<E: UapiType>(
        &self,
        at: u64,
        count: usize,
        stride: usize,
    ) -> Result<KVVec<E>> {
        let memory = UserMemory::of_elements(at, count, stride, size_of::<E>())?;
        let mut elements = KVVec::with_capacity(count, GFP_KERNEL_ACCOUNT)?;
        for i in 0..count {
            let mut element = E::new_zeroed();
            self.call()
                .read_user(memory, i * stride, element.as_mut_bytes())?;
            elements.push(element, GFP_KERNEL_ACCOUNT)?;
        }
        Ok(elements)
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
