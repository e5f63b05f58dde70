// SPDX-License-Identifier: GPL-2.0

//! What a driver does with the hardware when a file is closed.

use super::{
    context::Context,
    features::Features,
    file::FileOps,
    handler, //
};
use crate::device::ops::features::CloseFns;

/// Drivers that have something in the hardware for each open file, such as a context of it, which
/// has to be destroyed when the file is closed.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, CloseOps, Features, FileOps};
/// use kernel::{new_mutex, sync::Mutex};
///
/// # struct Npu;
/// #[pin_data]
/// struct Contexts {
///     /// The numbers of the contexts of the hardware that an open file has.
///     #[pin]
///     numbers: Mutex<KVec<u32>>,
/// }
///
/// impl FileOps for Npu {
///     type File = Contexts;
///
///     fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<Contexts, Error> {
///         try_pin_init!(Contexts {
///             numbers <- new_mutex!(KVec::new()),
///         })
///     }
/// }
///
/// impl CloseOps for Npu {
///     fn close(ctx: &Context<'_, Self>) {
///         for _number in ctx.file().numbers.lock().iter() {
///             // Stops the context, and waits a limited time until it has ceased.
///         }
///     }
/// }
///
/// impl AccelDriver for Npu {
///     const FEATURES: Features<Self> = Features::none().file().close();
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
pub trait CloseOps: FileOps {
    /// Takes out of the hardware what it has of a file of a user, which is being closed: when this
    /// returns, it touches no memory for it any more.
    ///
    /// Nobody uses the file: no call is under way by it, and its mappings are gone. Its buffers and
    /// their data are there, and what of them is mapped for the device; then the data is dropped,
    /// and [`FileOps::File`] at last. May sleep, but holds up a reset and the removal of the
    /// device, so waiting for the hardware needs a time limit. If the hardware does not answer, ask
    /// for a reset.
    ///
    /// The device is running and awake: one that sleeps is woken, and the end of a reset is waited
    /// for. The only exceptions are a device that has just ceased to run, where
    /// [`WorkOps::stop`](super::WorkOps::stop) is called as well and a reset does not find the file
    /// any more; one that is wedged or gone, which has been stopped; and a system that is asleep.
    /// In these cases this is not called, so what has to happen in any case belongs into the drop
    /// of the `File`.
    fn close(ctx: &Context<'_, Self>);
}

impl<T: CloseOps> Features<T> {
    /// Adds [`CloseOps`].
    pub const fn close(mut self) -> Self {
        self.fns.close = Some(CloseFns {
            close: handler::by_ref(T::close),
        });
        self
    }
}
