// SPDX-License-Identifier: GPL-2.0

//! What a driver keeps for each buffer of an open file.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    buffer::Memory,
    context::Context,
    AccelDriver, //
};
use crate::{
    base::data::RawData,
    buffers::Object,
    device::call::Call, //
};

/// What the driver `T` keeps for each buffer that an open file has a handle of.
///
/// Dropped when the handle is closed, the file is closed, or the device goes away, whichever is
/// first; but if a [`Buffer`](super::buffer::Buffer) refers to it, not before that is dropped. A
/// mapping or a dma-buf of the memory does not keep it.
///
/// The drop may come while the device is asleep, is being reset, or is wedged. What holds for the
/// drop of a [`File`](crate::File) holds here, too.
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

/// Makes the data of a buffer.
///
/// # Safety
///
/// See [`DriverOps::make_buffer_data`](crate::device::ops::DriverOps::make_buffer_data).
pub(super) unsafe fn make<T: AccelDriver>(
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

/// Drops the data of a buffer.
///
/// # Safety
///
/// See [`DropFn`](crate::base::data::DropFn).
pub(super) unsafe fn drop_raw<T: AccelDriver>(data: RawData) {
    // SAFETY: `make` has made it of such a reference, which is given up here.
    drop(unsafe { data.into_arc::<T::Buffer>() });
}
