// SPDX-License-Identifier: GPL-2.0

//! What a driver provides.

use core::marker::PhantomData;
use kernel::types::{
    CovariantForLt,
    ForLt, //
};

use super::{
    buffer::BufferTable,
    engine::EngineTable,
    features::Features,
    info::TopicTable,
    ioctl::IoctlTable,
    AttributeTable,
    DebugTable,
    DriverInfo, //
};
use crate::{
    base::open_policy::OpenPolicy,
    device::coredump, //
};

/// Ties a type to the driver `T` and no other.
///
/// Two drivers may be types of which one is a subtype of the other, such as `D<for<'a> fn(&'a u8)>`
/// and `D<fn(&'static u8)>`, and still have different data. So what was made for one must not be
/// taken for what was made for the other: all types over a driver are invariant in it.
pub(crate) type Invariant<T> = PhantomData<fn(T) -> T>;

/// A driver of a compute accelerator.
///
/// The implementing type is only a name. What the driver knows about a device is [`Self::Data`],
/// which the adapter of the bus asks it for when a device is bound.
///
/// What only some drivers need is in optional traits, which [`Self::FEATURES`] names: see
/// [`Features`].
///
/// # Examples
///
/// ```
/// use accel::{faux, prelude::*};
/// use kernel::device;
///
/// struct Npu;
///
/// uapi_struct! {
///     /// `struct npu_add` of `npu.h`.
///     struct Add {
///         size: u32,
///         a: u32,
///         b: u32,
///         sum: u32,
///     }
/// }
///
/// fn add(_ctx: Context<'_, Npu>, args: &mut Add) -> Result {
///     args.sum = args.a.wrapping_add(args.b);
///     Ok(())
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(());
///     const INFO: DriverInfo = DriverInfo {
///         name: "npu",
///         version: "1",
///         user_space_url: "https://npu.example",
///         user_space_license: "GPL-2.0",
///         documentation_url: "https://npu.example/registers",
///     };
///     const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
///     const IOCTLS: IoctlTable<Self> =
///         IoctlTable::new(&[Ioctl::new(0x40, "NPU_IOC_ADD", add, "Adds")]);
/// }
///
/// impl faux::Driver for Npu {
///     fn probe(_: &device::Device<device::Bound>) -> impl PinInit<(), Error> + '_ {
///         Ok(())
///     }
/// }
/// ```
pub trait AccelDriver: Sized + 'static {
    /// What the driver keeps for as long as a device is bound, as a type over the lifetime of the
    /// binding: `CovariantForLt!(Data<'_>)`. Resources of the device can be borrowed for it.
    ///
    /// Nothing reaches it once the device is gone: a reference to it only exists behind a
    /// [`Context`](crate::Context), or in a callback that is over before.
    type Data: CovariantForLt + for<'a> ForLt<Of<'a>: Send + Sync>;

    /// Who the driver is.
    const INFO: DriverInfo;

    /// Whom the driver admits as users.
    const OPEN_POLICY: OpenPolicy;

    /// The ioctls that the driver offers beyond those that every device has.
    const IOCTLS: IoctlTable<Self>;

    /// Which of the optional traits the driver implements.
    const FEATURES: Features<Self> = Features::none();

    /// Whether devices of the driver have buffers.
    const BUFFERS: BufferTable<Self> = BufferTable::none();

    /// What engines its devices have, of which each can work at the same time.
    const ENGINES: EngineTable = EngineTable::new(&[]);

    /// Topics of information beyond those that every device has.
    ///
    /// A topic is a number, from `ACCEL_INFO_DRIVER_BASE` on, 0x8000, and a function that lists its
    /// records. Observers ask for it with `ACCEL_IOC_INFO`, so the function does not reach the
    /// hardware.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{
    ///     info::{List, Topic, TopicTable},
    ///     prelude::*,
    /// };
    ///
    /// uapi_struct! {
    ///     /// `struct my_lane` of `my_npu.h`, a record of `MY_INFO_LANES`.
    ///     struct Lane {
    ///         number: u32,
    ///         errors: u32,
    ///     }
    /// }
    ///
    /// fn lanes<T: AccelDriver>(_: &Context<'_, T, Observer>, list: &mut List<Lane>) -> Result {
    ///     for number in 0..4 {
    ///         list.push(Lane { number, errors: 0 })?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// const fn topics<T: AccelDriver>() -> TopicTable<T> {
    ///     TopicTable::new(const { &[Topic::new(0x8000, lanes)] })
    /// }
    /// ```
    const TOPICS: TopicTable<Self> = TopicTable::new(&[]);

    /// Attributes in sysfs beyond those that every device has.
    const ATTRIBUTES: AttributeTable<Self> = AttributeTable::new(&[]);

    /// How many bytes a dump of its devices has, at most: see
    /// [`Device::coredump`](crate::Device::coredump). The kernel holds that much memory for up to
    /// five minutes; 1 GiB is the limit.
    const MAX_DUMP: usize = coredump::MAX_BYTES;

    /// Files in debugfs.
    const DEBUG_FILES: DebugTable<Self> = DebugTable::new(&[]);
}
