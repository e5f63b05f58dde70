// SPDX-License-Identifier: GPL-2.0

//! What a driver keeps for each open file.

use core::ptr::NonNull;
use kernel::{
    ffi::c_void,
    prelude::*,
    types::ForeignOwnable, //
};

use super::{
    context::{
        Context,
        Observer,
        User, //
    },
    features::Features,
    handler,
    AccelDriver, //
};
use crate::device::{
    file::OpenFile,
    notify::Pollers,
    ops::features::FileFns, //
};

/// Drivers that keep something for each open file of a user.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Features, FileOps};
/// use kernel::sync::atomic::{Atomic, Relaxed};
///
/// # struct Npu;
/// /// The jobs of an open file that have finished.
/// struct Jobs {
///     finished: Atomic<u32>,
/// }
///
/// impl FileOps for Npu {
///     type File = Jobs;
///
///     fn open(_ctx: &Context<'_, Self, Observer>) -> impl PinInit<Jobs, Error> {
///         Ok(Jobs {
///             finished: Atomic::new(0),
///         })
///     }
///
///     fn poll(ctx: &Context<'_, Self>) -> bool {
///         ctx.file().finished.load(Relaxed) > 0
///     }
/// }
///
/// impl AccelDriver for Npu {
///     const FEATURES: Features<Self> = Features::none().file();
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
pub trait FileOps: AccelDriver {
    /// What the driver keeps for each open file of a user.
    ///
    /// Dropped when the file is closed or the device goes away, whichever is first: so possibly
    /// while the device is asleep, is being reset by its driver or its bus, or is wedged. The drop
    /// does not touch the hardware, unless it asks
    /// [`Device::is_running`](crate::Device::is_running) under the lock that
    /// [`WorkOps::stop`](super::WorkOps::stop) takes, and the state has kept the device awake by an
    /// [`Awake`](crate::Awake). What the hardware has of the file is taken from it before, by
    /// [`CloseOps`](super::CloseOps); what else cannot be done then is left to
    /// [`WorkOps::clean_up`](super::WorkOps::clean_up).
    type File: Send + Sync + 'static;

    /// Makes the state when a user opens the device.
    ///
    /// Should not touch the hardware, so that a device that is stuck can still be opened. How it is
    /// opened, [`Context::file_flags`] says.
    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<Self::File, Error>;

    /// Returns whether there is something for the calling file to ask for, which `poll()` reports
    /// as `EPOLLIN`. When that becomes true, call [`Pollers::wake`].
    fn poll(_ctx: &Context<'_, Self>) -> bool {
        false
    }
}

impl<T: AccelDriver, R> Context<'_, T, R> {
    /// Returns the flags with which the calling file was opened: those of
    /// [`kernel::fs::file::flags`]. Returns 0 if no file is calling, such as when an attribute is
    /// read.
    ///
    /// They stay as [`FileOps::open`] finds them, `O_EXCL` included, whatever `fcntl()` changes
    /// afterwards.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// use kernel::fs::file::flags;
    ///
    /// /// What `open` of a driver says that has `O_EXCL` mean: nobody else may have opened it.
    /// fn may_open<T: AccelDriver>(ctx: &Context<'_, T, Observer>, others: u32) -> Result {
    ///     match ctx.file_flags() & flags::O_EXCL != 0 && others != 0 {
    ///         true => Err(EBUSY),
    ///         false => Ok(()),
    ///     }
    /// }
    /// ```
    pub fn file_flags(&self) -> u32 {
        self.call().file.map_or(0, |file| file.flags)
    }
}

impl<T: FileOps> Features<T> {
    /// Adds [`FileOps`].
    pub const fn file(mut self) -> Self {
        self.fns.file = Some(FileFns {
            open: handler::by_ref(|ctx: &Context<'_, T, Observer>| {
                Ok(KBox::pin_init(T::open(ctx), GFP_KERNEL_ACCOUNT)?.into_foreign())
            }),
            drop: drop_file::<T>,
            poll: handler::by_ref(T::poll),
        });
        self
    }
}

/// # Safety
///
/// See [`FileFns::drop`].
unsafe fn drop_file<T: FileOps>(file: NonNull<c_void>) {
    // SAFETY: The pointer is one of `open`, and is given up here.
    drop(unsafe { Pin::<KBox<T::File>>::from_foreign(file.as_ptr()) });
}

impl<T: FileOps> Context<'_, T, User> {
    /// Returns the state of the calling file, which [`FileOps::open`] has made.
    pub fn file(&self) -> &T::File {
        const_assert!(
            T::FEATURES.fns.file.is_some(),
            "a driver with state of files has `file()` in its FEATURES"
        );
        let state = self
            .open_file()
            .map_or(core::ptr::null_mut(), OpenFile::state);
        // SAFETY: By the type invariants the call comes from a user, by a file of a device of `T`.
        // As its features have it, that file has a `T::File`, which was made when it was opened,
        // and lives while the gate is held.
        unsafe { &*state.cast() }
    }

    /// Returns those who poll the calling file, to be woken when [`FileOps::poll`] has something to
    /// say.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, FileOps, Pollers};
    /// /// Returns what a job keeps, to wake those who poll the file when it is done.
    /// fn begin<T: FileOps>(ctx: &Context<'_, T>) -> Pollers {
    ///     ctx.pollers()
    /// }
    /// ```
    pub fn pollers(&self) -> Pollers {
        const_assert!(
            T::FEATURES.fns.file.is_some(),
            "a driver that is polled has `file()` in its FEATURES"
        );
        Pollers::of(self.open_file())
    }
}
