// SPDX-License-Identifier: GPL-2.0

//! Memory that a device has for buffers, beyond that of the system.

use kernel::{
    prelude::*,
    types::ForLt, //
};

use super::{
    context::{
        Context,
        Observer, //
    },
    features::Features,
    handler,
    AccelDriver, //
};
use crate::{
    buffers::CopyRequest,
    device::{
        call::Call,
        ops::features::MemoryFns, //
    },
    memory::{
        PlaceRequest,
        Placement,
        Regions, //
    }, //
};

/// [`MemoryOps::memory`] of the driver `T`.
pub(super) type RegionsFn<T> =
    for<'a> fn(&'a <<T as AccelDriver>::Data as ForLt>::Of<'a>, &mut Regions<'_>) -> Result;

/// Drivers of devices that have memory of their own for buffers.
///
/// # Examples
///
/// ```
/// use accel::{
///     buffer::{BufferTable, Limits, MemoryOps, Regions},
///     prelude::*,
///     Features,
///     IoRange,
/// };
///
/// # struct Npu;
/// struct Data<'bound> {
///     /// From `pci::bar_range()`.
///     vram: IoRange<'bound>,
/// }
///
/// impl MemoryOps for Npu {
///     fn memory(data: &Data<'_>, regions: &mut Regions<'_>) -> Result {
///         regions.add(c"vram", data.vram)
///     }
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(Data<'_>);
///     const BUFFERS: BufferTable<Self> = BufferTable::system(Limits::NONE);
///     const FEATURES: Features<Self> = Features::none().memory();
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
pub trait MemoryOps: AccelDriver {
    /// Lists the memory that a device has for buffers, beyond that of the system. Called once, when
    /// the device is bound.
    fn memory(data: &<Self::Data as ForLt>::Of<'_>, regions: &mut Regions<'_>) -> Result;

    /// Says where in the memory of the device a buffer is to be that a user creates. An error is
    /// that of the ioctl. By default it is wherever there is room, from the beginning of a page on.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{buffer::{PlaceRequest, Placement}, prelude::*};
    /// use kernel::{ptr::Alignment, sizes::SZ_64K};
    ///
    /// /// Large buffers are in the upper bank, and begin at a page of the device's.
    /// fn place(request: &PlaceRequest) -> Placement {
    ///     match request.bytes {
    ///         ..0x10_0000 => Placement::ANYWHERE,
    ///         _ => Placement::ANYWHERE
    ///             .within(0x800_0000..0x1000_0000)
    ///             .aligned(Alignment::new::<SZ_64K>()),
    ///     }
    /// }
    /// ```
    fn place(_ctx: &Context<'_, Self>, _request: &PlaceRequest) -> Result<Placement> {
        Ok(Placement::ANYWHERE)
    }

    /// Copies a movable buffer from one place to another by the device's own engine, and returns
    /// when that is done. If the result is `EOPNOTSUPP`, as by default, the processor copies; if it
    /// is another error, the buffer stays where it is.
    ///
    /// Holds up the removal of the device and its reset. May sleep, but not for what other calls
    /// have to do.
    fn copy_buffer(_ctx: &Context<'_, Self, Observer>, _request: &CopyRequest<'_>) -> Result {
        Err(EOPNOTSUPP)
    }
}

impl<T: MemoryOps> Features<T> {
    /// Adds [`MemoryOps`].
    pub const fn memory(mut self) -> Self {
        self.regions = Some(T::memory);
        self.fns.memory = Some(MemoryFns {
            place: handler::by_ref_with(T::place),
            copy_buffer: copy_buffer::<T>,
        });
        self
    }
}

/// # Safety
///
/// See [`MemoryFns::copy_buffer`].
unsafe fn copy_buffer<T: MemoryOps>(call: &Call<'_>, request: &CopyRequest<'_>) -> Result {
    // SAFETY: Same requirements; the role of an observer asks for nothing more.
    T::copy_buffer(unsafe { Context::from_ref(call) }, request)
}
