// SPDX-License-Identifier: GPL-2.0

//! What a driver keeps for each buffer of an open file.
//!
//! ```text
//!   handle ─► data of the driver ◄─ Buffer: of a call, of a job
//!      └────► Object             ◄─ mapping, dma-buf
//! ```
//!
//! The code by which the data is dropped is in the driver's module. So only two refer to it: the
//! handle, whose reference is given up inside the gate or when the device is being removed; and the
//! driver itself, by a [`Buffer`]. Whatever may live longer than the binding does not know of it.
//!
//! [`Buffer`]: super::Buffer

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
};

use super::{
    Memory,
    Object, //
};
use crate::{
    call::Call,
    context::Context,
    driver::AccelDriver,
    file::Role,
    ops::DriverOps, //
};

/// What the driver `T` keeps for each buffer that an open file has a handle of.
///
/// Dropped when the handle is closed, the file is closed, or the device goes away, whichever is
/// first; but if a [`Buffer`](super::Buffer) refers to it, not before that is dropped. A mapping or
/// a dma-buf of the memory does not keep it.
pub trait BufferData<T: AccelDriver>: Sized + Send + Sync + 'static {
    /// Makes the data when a file gets a handle of `memory`: when it creates a buffer, imports one,
    /// or has one made of memory of its process. What is the same buffer in two files has data of
    /// its own in each. An error is that of the ioctl, and nothing is left of the buffer then.
    ///
    /// Holds up the removal of the device and its reset, so it should not take long.
    fn new(ctx: &Context<'_, T>, memory: &Memory<T>) -> impl PinInit<Self, Error>;
}

impl<T: AccelDriver> BufferData<T> for () {
    fn new(_ctx: &Context<'_, T>, _memory: &Memory<T>) -> impl PinInit<Self, Error> {
        Ok(())
    }
}

/// An `Arc<T::Buffer>` without its type. Whose reference it is depends on where it is kept.
#[derive(Clone, Copy)]
pub(crate) struct RawData(NonNull<c_void>);

// SAFETY: What it refers to is both `Send` and `Sync`, as `BufferData` requires.
unsafe impl Send for RawData {}
// SAFETY: As above.
unsafe impl Sync for RawData {}

impl RawData {
    fn new<D>(data: Arc<D>) -> Self {
        // SAFETY: A reference is not null.
        Self(unsafe { NonNull::new_unchecked(Arc::into_raw(data).cast_mut().cast()) })
    }

    /// Returns a further reference.
    ///
    /// # Safety
    ///
    /// It must be of the driver `T`, and somebody must have a reference meanwhile.
    pub(super) unsafe fn share<T: AccelDriver>(self) -> Arc<T::Buffer> {
        // SAFETY: It was made of such a reference, which the caller keeps from being given up.
        unsafe { ArcBorrow::<T::Buffer>::from_raw(self.0.as_ptr().cast()) }.into()
    }
}

/// What there is to be done with the data of buffers, without its type.
pub(crate) struct DataOps {
    /// Makes a `T::Buffer` for a file that may write to the buffer, or may not. The result is a
    /// reference of the caller.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    make: unsafe fn(&Call<'_>, &Arc<Object>, bool) -> Result<RawData>,
    /// Gives up a reference.
    ///
    /// # Safety
    ///
    /// It must be one that `make` returned, and must not be used again.
    give_up: unsafe fn(RawData),
}

impl DataOps {
    /// Returns those of the driver `T`.
    pub(crate) const fn of<T: AccelDriver>() -> Self {
        Self {
            make: make::<T>,
            give_up: give_up::<T>,
        }
    }
}

/// # Safety
///
/// See [`DataOps::make`].
unsafe fn make<T: AccelDriver>(
    call: &Call<'_>,
    object: &Arc<Object>,
    may_write: bool,
) -> Result<RawData> {
    // SAFETY: Same requirements.
    let ctx = unsafe { Context::<T>::from_ref(call) };

    let memory = Memory::new(object.clone(), may_write);
    let data = Arc::pin_init(T::Buffer::new(ctx, &memory), GFP_KERNEL_ACCOUNT)?;
    Ok(RawData::new(data))
}

/// # Safety
///
/// See [`DataOps::give_up`].
unsafe fn give_up<T: AccelDriver>(data: RawData) {
    // SAFETY: `make` has made it of such a reference, which is given up here.
    drop(unsafe { Arc::<T::Buffer>::from_raw(data.0.as_ptr().cast()) });
}

/// The data of a buffer, on its way to a handle or from there.
///
/// # Invariants
///
/// `raw` is a reference that belongs to this, of the driver that `ops` is of.
pub(super) struct Data<'a> {
    ops: &'a DriverOps,
    raw: RawData,
}

impl<'a> Data<'a> {
    /// Lets the driver make the data of `object`, which the file may write to if `may_write`.
    /// Returns what that says, or `EOPNOTSUPP` if the call is not one of a user.
    pub(super) fn new(call: &'a Call<'_>, object: &Arc<Object>, may_write: bool) -> Result<Self> {
        call.file
            .filter(|file| file.role == Role::User)
            .ok_or(EOPNOTSUPP)?;
        // SAFETY: The call is inside the gate, and borrowed as long as the result is.
        let ops: &'a DriverOps = unsafe { call.core.ops() };
        // SAFETY: The call is one of a device of this driver, and of a user, as was just checked.
        let raw = unsafe { (ops.buffer_data.make)(call, object, may_write) }?;
        // INVARIANT: It was just made.
        Ok(Self { ops, raw })
    }

    /// Takes what a handle has had.
    ///
    /// # Safety
    ///
    /// The reference must be the caller's, and that of a handle of the driver that `ops` is of.
    pub(super) unsafe fn from_raw(ops: &'a DriverOps, raw: RawData) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self { ops, raw }
    }

    /// Returns the reference, which stays with this unless this is forgotten.
    pub(super) fn raw(&self) -> RawData {
        self.raw
    }
}

impl Drop for Data<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the reference belongs to this, which ends.
        unsafe { (self.ops.buffer_data.give_up)(self.raw) };
    }
}
