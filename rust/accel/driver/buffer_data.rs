// SPDX-License-Identifier: GPL-2.0

//! What a driver keeps for each buffer of an open file.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    buffer::{
        Buffer,
        Memory, //
    },
    context::Context,
    features::Features,
    AccelDriver, //
};
use crate::{
    base::data::RawData,
    buffers::Object,
    device::{
        call::Call,
        ops::features::BufferFns, //
    }, //
};

/// Drivers that keep something for each buffer that an open file has a handle of.
///
/// A driver whose devices have buffers and that keeps nothing for them does without this trait.
///
/// # Examples
///
/// ```
/// use accel::{
///     buffer::{BufferOps, BufferTable, KeptMap, Limits, Memory},
///     prelude::*,
///     Features,
/// };
/// use kernel::dma::DataDirection;
///
/// # struct Npu;
/// /// The buffer as the device has it mapped, from the first job on.
/// struct Mapped(KeptMap);
///
/// impl BufferOps for Npu {
///     type Buffer = Mapped;
///
///     fn new_buffer(
///         _ctx: &Context<'_, Self>,
///         memory: &Memory<Self>,
///     ) -> impl PinInit<Mapped, Error> {
///         memory
///             .keep_for_device(0..memory.size(), DataDirection::ToDevice)
///             .map(Mapped)
///     }
/// }
///
/// fn begin(ctx: &Context<'_, Npu>, handle: u32) -> Result {
///     let buffer = ctx.buffer(handle)?;
///     let _in_use = buffer.data().0.begin(ctx)?;
///     // Has the device read it.
///     Ok(())
/// }
///
/// impl AccelDriver for Npu {
///     const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
///     const FEATURES: Features<Self> = Features::none().buffer();
/// #   type Data = CovariantForLt!(());
/// #   const INFO: DriverInfo = DriverInfo {
/// #       name: "npu",
/// #       version: "1",
/// #       user_space_url: "https://npu.example",
/// #       user_space_license: "GPL-2.0",
/// #       documentation_url: "https://npu.example/registers",
/// #   };
/// #   const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
/// #   const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
/// }
/// ```
pub trait BufferOps: AccelDriver {
    /// What the driver keeps for each buffer.
    ///
    /// Dropped when the handle is closed, the file is closed, or the device goes away, whichever is
    /// first; but if a [`Buffer`] refers to it, not before that is dropped. A mapping or a dma-buf
    /// of the memory does not keep it.
    ///
    /// The drop may come while the device is asleep, is being reset, or is wedged. What holds for
    /// the drop of a [`FileOps::File`](crate::FileOps::File) holds here, too.
    type Buffer: Send + Sync + 'static;

    /// Makes the data when a file gets a handle of `memory`: when it creates a buffer, imports one,
    /// or has one made of memory of its process. What is the same buffer in two files has data of
    /// its own in each. An error is that of the ioctl, and nothing is left of the buffer then.
    ///
    /// Holds up the removal of the device and its reset, so it should not take long.
    fn new_buffer(
        ctx: &Context<'_, Self>,
        memory: &Memory<Self>,
    ) -> impl PinInit<Self::Buffer, Error>;
}

impl<T: BufferOps> Features<T> {
    /// Adds [`BufferOps`].
    pub const fn buffer(mut self) -> Self {
        self.fns.buffer = Some(BufferFns {
            make: make::<T>,
            share: share::<T>,
            drop: drop_raw::<T>,
        });
        self
    }
}

/// # Safety
///
/// See [`BufferFns::make`].
unsafe fn make<T: BufferOps>(
    call: &Call<'_>,
    object: &Arc<Object>,
    may_write: bool,
) -> Result<RawData> {
    // SAFETY: Same requirements.
    let ctx = unsafe { Context::<T>::from_ref(call) };

    let memory = Memory::new(object.clone(), may_write);
    let data = Arc::pin_init(T::new_buffer(ctx, &memory), GFP_KERNEL_ACCOUNT)?;
    Ok(RawData::new(data))
}

/// # Safety
///
/// See [`BufferFns::share`].
unsafe fn share<T: BufferOps>(data: RawData) -> RawData {
    // SAFETY: `make` has made it of such a reference, which is there meanwhile.
    RawData::new(unsafe { data.share::<T::Buffer>() })
}

/// # Safety
///
/// See [`BufferFns::drop`].
unsafe fn drop_raw<T: BufferOps>(data: RawData) {
    // SAFETY: `make` has made it of such a reference, which is given up here.
    drop(unsafe { data.into_arc::<T::Buffer>() });
}

impl<T: BufferOps> Buffer<T> {
    /// Returns what the driver keeps for the handle by which the buffer was found.
    pub fn data(&self) -> &T::Buffer {
        const_assert!(
            T::FEATURES.fns.buffer.is_some(),
            "a driver with data of buffers has `buffer()` in its FEATURES"
        );
        // SAFETY: As the features of the driver have it, `make` has made the data of all buffers,
        // and `self` has a reference.
        unsafe { self.raw_data().get() }
    }
}
