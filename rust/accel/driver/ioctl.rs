// SPDX-License-Identifier: GPL-2.0

//! The ioctl table of a driver, and the rules that all ioctls share.
//!
//! A driver lists its ioctls once, in [`AccelDriver::IOCTLS`]. A row ties a number to a function
//! that takes a typed structure. From it follows everything else: the copy from and to user space
//! by the rules of `include/uapi/accel/accel.h`, who may call it, and what the information topic
//! UAPI says about it.
//!
//! [`AccelDriver::IOCTLS`]: crate::AccelDriver::IOCTLS

mod payload;

use core::marker::PhantomData;
use kernel::prelude::*;

pub use crate::device::ops::ioctl::ARGS_MAX;

use super::{
    context::{
        Context,
        Observer,
        User, //
    },
    handler,
    table::{
        check_each,
        Row,
        Table, //
    },
    AccelDriver,
    Invariant, //
};
use crate::{
    base::names,
    device::ops::ioctl::{
        Entry,
        Handler, //
    },
    sys::uapi::{
        self,
        flags::IoctlFlag,
        UapiType, //
    }, //
};

/// One ioctl of the driver `T`: a row of its [`IoctlTable`].
///
/// # Examples
///
/// ```
/// use accel::prelude::*;
///
/// uapi_struct! {
///     /// `struct npu_run` of `npu.h`.
///     struct Run {
///         size: u32,
///         job: u32,
///     }
/// }
///
/// fn run<T: AccelDriver>(_ctx: Context<'_, T>, args: &mut Run) -> Result {
///     args.job = 1;
///     Ok(())
/// }
///
/// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
///     Ioctl::new(0x40, "NPU_IOC_RUN", run, "Runs a job").powered()
/// }
/// ```
#[repr(transparent)]
pub struct Ioctl<T: AccelDriver> {
    // INVARIANT: `handler` is one for `T`, and asks for the role that `flags` says.
    entry: Entry,
    _driver: Invariant<T>,
}

// SAFETY: By the declaration, and by the invariant of `entry`.
unsafe impl<T: AccelDriver> Row for Ioctl<T> {
    type Entry = Entry;
}

impl<T: AccelDriver> Ioctl<T> {
    /// Declares an ioctl that users may call.
    ///
    /// `nr` is its number, from 0x40 to 0xbf, and `name` its name in the C header. The type of the
    /// structure is taken from the signature of `handler`: [`uapi_struct!`](crate::uapi_struct)
    /// declares it, and it begins with `size: u32`. What the handler leaves in it goes back to user
    /// space if the handler succeeds.
    pub const fn new<A, H>(
        nr: u8,
        name: &'static str,
        handler: H,
        description: &'static str,
    ) -> Self
    where
        A: UapiType,
        H: Fn(Context<'_, T, User>, &mut A) -> Result + Copy + Send + Sync + 'static,
    {
        Self::in_role::<User, A, H>(nr, name, handler, description)
    }

    /// Declares an ioctl that observers may call as well. It must not reach the hardware, and has
    /// no per-open state.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # uapi_struct! {
    /// #     struct Count {
    /// #         size: u32,
    /// #         jobs: u32,
    /// #     }
    /// # }
    /// fn count<T: AccelDriver>(_ctx: Context<'_, T, Observer>, args: &mut Count) -> Result {
    ///     args.jobs = 0;
    ///     Ok(())
    /// }
    ///
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     Ioctl::for_observers(0x41, "NPU_IOC_COUNT", count, "Counts jobs")
    /// }
    /// ```
    pub const fn for_observers<A, H>(
        nr: u8,
        name: &'static str,
        handler: H,
        description: &'static str,
    ) -> Self
    where
        A: UapiType,
        H: Fn(Context<'_, T, Observer>, &mut A) -> Result + Copy + Send + Sync + 'static,
    {
        // INVARIANT: The handler is one for observers.
        Self::in_role::<Observer, A, H>(nr, name, handler, description).with(IoctlFlag::Observer)
    }

    /// Declares an ioctl for the role `R`, whose flag is the caller's to add.
    const fn in_role<R, A, H>(
        nr: u8,
        name: &'static str,
        handler: H,
        description: &'static str,
    ) -> Self
    where
        A: UapiType,
        H: Fn(Context<'_, T, R>, &mut A) -> Result + Copy + Send + Sync + 'static,
    {
        let handler = handler::by_value_with(move |ctx: Context<'_, T, R>, args: &mut [u8]| {
            handler(ctx, A::mut_from_bytes(args).map_err(|_| EINVAL)?)
        });
        Self::by::<A>(nr, name, description, Handler::Plain(handler))
    }

    /// Adds a flag.
    const fn with(mut self, flag: IoctlFlag) -> Self {
        self.entry.shape.flags = self.entry.shape.flags.with(flag);
        self
    }

    /// Declares an ioctl that `handler` runs, one for `T` and for users.
    pub(crate) const fn by<A: UapiType>(
        nr: u8,
        name: &'static str,
        description: &'static str,
        handler: Handler,
    ) -> Self {
        Self {
            entry: Entry::new::<A>(nr, name, description, handler),
            _driver: PhantomData,
        }
    }

    /// Returns the number.
    const fn nr(&self) -> u8 {
        // CAST: The number is the lowest byte of the command.
        self.entry.command as u8
    }

    /// Says that the structure has grown: callers may still pass its first `size` bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # uapi_struct! {
    /// #     struct Run {
    /// #         size: u32,
    /// #         job: u32,
    /// #     }
    /// # }
    /// # fn run<T: AccelDriver>(_: Context<'_, T>, _: &mut Run) -> Result {
    /// #     Ok(())
    /// # }
    ///
    /// /// `struct npu_run` had no member but `size` at first.
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     Ioctl::new(0x40, "NPU_IOC_RUN", run, "Runs a job").min_size(4)
    /// }
    /// ```
    pub const fn min_size(mut self, size: usize) -> Self {
        names::require(
            size >= size_of::<u32>() && size <= self.entry.shape.size as usize,
            self.entry.name.as_bytes(),
            "the first version of a structure is not larger than today's",
        );
        // INVARIANT: Checked above. CAST: At most `ARGS_MAX`.
        self.entry.shape.min_size = size as u32;
        self
    }

    /// Says that the caller needs a capability, `CAP_*` of `linux/capability.h`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # uapi_struct! {
    /// #     struct Run {
    /// #         size: u32,
    /// #         job: u32,
    /// #     }
    /// # }
    /// # fn run<T: AccelDriver>(_: Context<'_, T>, _: &mut Run) -> Result {
    /// #     Ok(())
    /// # }
    ///
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     let capability = kernel::bindings::CAP_SYS_NICE;
    ///     Ioctl::new(0x40, "NPU_IOC_RUN_FIRST", run, "Runs a job first").capability(capability)
    /// }
    /// ```
    pub const fn capability(mut self, capability: u32) -> Self {
        self.entry.capability = Some(capability);
        self.with(IoctlFlag::Capability)
    }

    /// Says that the structure only carries arguments; it is not written back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # uapi_struct! {
    /// #     struct Run {
    /// #         size: u32,
    /// #         job: u32,
    /// #     }
    /// # }
    /// # fn run<T: AccelDriver>(_: Context<'_, T>, _: &mut Run) -> Result {
    /// #     Ok(())
    /// # }
    ///
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     Ioctl::new(0x40, "NPU_IOC_CANCEL", run, "Cancels a job").input_only()
    /// }
    /// ```
    pub const fn input_only(mut self) -> Self {
        self.entry = self.entry.input_only();
        self
    }

    /// Says that the handler needs the device to be awake: it is woken before, if it is asleep, and
    /// stays awake until the handler has returned, also while that sleeps. See
    /// [`PowerOps`](crate::PowerOps); with a driver that has none, this only tells user space.
    ///
    /// An ioctl for observers does not wake a device: this does not compile.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// # uapi_struct! {
    /// #     struct Run {
    /// #         size: u32,
    /// #         job: u32,
    /// #     }
    /// # }
    /// # fn run<T: AccelDriver>(_: Context<'_, T>, _: &mut Run) -> Result {
    /// #     Ok(())
    /// # }
    ///
    /// const fn ioctl<T: AccelDriver>() -> Ioctl<T> {
    ///     Ioctl::new(0x40, "NPU_IOC_RUN", run, "Runs a job").powered()
    /// }
    /// ```
    pub const fn powered(self) -> Self {
        names::require(
            !self.entry.shape.flags.has(IoctlFlag::Observer),
            self.entry.name.as_bytes(),
            "observers do not wake a device",
        );
        self.with(IoctlFlag::Powered)
    }
}

/// The ioctls of the driver `T`.
///
/// # Examples
///
/// ```
/// # use accel::prelude::*;
/// # uapi_struct! {
/// #     struct Run {
/// #         size: u32,
/// #         job: u32,
/// #     }
/// # }
/// # fn run<T: AccelDriver>(_: Context<'_, T>, _: &mut Run) -> Result {
/// #     Ok(())
/// # }
///
/// const fn ioctls<T: AccelDriver>() -> IoctlTable<T> {
///     IoctlTable::new(
///         const {
///             &[
///                 Ioctl::new(0x40, "NPU_IOC_RUN", run, "Runs a job"),
///                 Ioctl::new(0x41, "NPU_IOC_CANCEL", run, "Cancels a job"),
///             ]
///         },
///     )
/// }
/// ```
pub type IoctlTable<T> = Table<Ioctl<T>>;

impl<T: AccelDriver> Table<Ioctl<T>> {
    /// Makes a table of `ioctls`, which must be in the order of their numbers.
    ///
    /// Two with the same number, or a number that is not a driver's, do not compile.
    pub const fn new(ioctls: &'static [Ioctl<T>]) -> Self {
        check_each!(ioctls, |ioctl, before| {
            let nr = ioctl.nr();
            let is_next = match before.last() {
                Some(last) => nr > last.nr(),
                None => nr >= uapi::ACCEL_IOC_DRIVER_BASE,
            };
            names::require(
                is_next && nr < uapi::ACCEL_IOC_DRIVER_END,
                ioctl.entry.name.as_bytes(),
                "ioctl numbers are from 0x40 to 0xbf, ascending and unique",
            );
        });
        Self::checked(ioctls)
    }
}
