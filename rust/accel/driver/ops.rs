// SPDX-License-Identifier: GPL-2.0

//! A driver in the untyped form in which the core holds it.

use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    time::Msecs, //
};
use zerocopy::Immutable;

use super::{
    engine::EngineId,
    rows::{
        AttributeEntry,
        DebugEntry,
        TopicEntry, //
    },
    AccelDriver,
    DriverInfo,
    File, //
};
use crate::{
    buffer::{
        CopyRequest,
        DataOps,
        Limits,
        PlaceRequest,
        Placement, //
    },
    call::Call,
    context::{
        Context,
        Observer,
        User, //
    },
    engine::Engine,
    ioctl::Entry,
    mapping::MapRequest,
    open_policy::OpenPolicy,
    records::List,
    reset::Limit, //
};

/// A symbol that says why it is not found.
///
/// The names of all symbols of this crate depend on what it was built of, see `Kbuild`. So the
/// kernel finds none of those that a driver wants which was built for another `accel.ko`. It names
/// them in its log, and among them this one, since every driver has a [`DriverOps`].
static DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO: u8 = 0;

/// An [`AccelDriver`] without its types.
///
/// Lives in the driver's module, so it must only be used behind the gate of a device.
pub(crate) struct DriverOps {
    /// Has the driver's module need [`DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO`].
    #[expect(dead_code, reason = "it is enough that the symbol is found")]
    pub(crate) built_for: &'static u8,
    pub(crate) info: DriverInfo,
    pub(crate) open_policy: OpenPolicy,
    pub(crate) ioctls: &'static [Entry],
    pub(crate) topics: &'static [TopicEntry],
    pub(crate) attributes: &'static [AttributeEntry],
    #[cfg_attr(not(CONFIG_DEBUG_FS), expect(dead_code))]
    pub(crate) debug_files: &'static [DebugEntry],
    pub(crate) engines: &'static [Engine],
    /// How many buffers a file may have; `None` if the device has none.
    pub(crate) buffers: Option<Limits>,
    pub(crate) buffer_data: DataOps,
    /// How many resets there may be; `None` if the driver cannot reset a device.
    pub(crate) reset_limit: Option<Limit>,
    /// After how long without use a device is put to sleep; `None` if the driver cannot do that.
    pub(crate) autosuspend_ms: Option<Msecs>,
    /// These list records of a topic.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) firmware: unsafe fn(&Call<'_>) -> Result<List>,
    pub(crate) clocks: unsafe fn(&Call<'_>) -> Result<List>,
    pub(crate) sensors: unsafe fn(&Call<'_>) -> Result<List>,
    /// Says how many engines of a kind the device has.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) engine_count: unsafe fn(&Call<'_>, usize) -> u32,
    /// These do what the driver does on its own.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) stop: unsafe fn(&Call<'_>),
    pub(crate) background: unsafe fn(&Call<'_>),
    pub(crate) clean_up: unsafe fn(&Call<'_>),
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) poll: unsafe fn(&Call<'_>) -> bool,
    /// Returns the number of the first page of what a request gets.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) mmap: unsafe fn(&Call<'_>, &MapRequest) -> Result<usize>,
    /// Says where a buffer is to be.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) place: unsafe fn(&Call<'_>, &PlaceRequest) -> Result<Placement>,
    /// Copies a buffer.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) copy_buffer: unsafe fn(&Call<'_>, &CopyRequest<'_>) -> Result,
    /// Resets the device.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, while users are kept out.
    pub(crate) reset: unsafe fn(Call<'_>) -> Result,
    /// These put the device to sleep, and wake it.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) suspend: unsafe fn(Call<'_>) -> Result,
    pub(crate) resume: unsafe fn(Call<'_>) -> Result,
    /// Makes a `T::File`.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) open: unsafe fn(&Call<'_>) -> Result<NonNull<c_void>>,
    /// Drops a `T::File`.
    ///
    /// # Safety
    ///
    /// The pointer must come from `open`, and must not be used again.
    pub(crate) close: unsafe fn(NonNull<c_void>),
}

/// The [`DriverOps`] of `T`.
pub(crate) struct OpsOf<T>(PhantomData<T>);

impl<T: AccelDriver> OpsOf<T> {
    pub(crate) const OPS: DriverOps = DriverOps {
        built_for: &DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO,
        info: {
            T::INFO.check();
            T::INFO
        },
        open_policy: {
            T::OPEN_POLICY.check();
            T::OPEN_POLICY
        },
        ioctls: T::IOCTLS.entries(),
        topics: T::TOPICS.entries(),
        attributes: T::ATTRIBUTES.entries(),
        debug_files: T::DEBUG_FILES.entries(),
        engines: T::ENGINES.entries(),
        buffers: T::BUFFERS.limits,
        buffer_data: DataOps::of::<T>(),
        reset_limit: match T::RESET.hook {
            Some(_) => Some(T::RESET.limit),
            None => None,
        },
        autosuspend_ms: match T::POWER.suspend {
            Some(_) => Some(T::POWER.autosuspend_ms),
            None => None,
        },
        firmware: Self::firmware,
        clocks: Self::clocks,
        sensors: Self::sensors,
        engine_count: Self::engine_count,
        stop: Self::stop,
        background: Self::background,
        clean_up: Self::clean_up,
        poll: Self::poll,
        mmap: Self::mmap,
        place: Self::place,
        copy_buffer: Self::copy_buffer,
        reset: Self::reset,
        suspend: Self::suspend,
        resume: Self::resume,
        open: Self::open,
        close: Self::close,
    };

    /// # Safety
    ///
    /// See [`DriverOps::open`].
    unsafe fn open(call: &Call<'_>) -> Result<NonNull<c_void>> {
        // SAFETY: The call was admitted to a device of `T`, and the role of an observer asks for
        // nothing more.
        let ctx = unsafe { Context::<T, Observer>::from_ref(call) };

        let file = KBox::pin_init(T::File::open(ctx), GFP_KERNEL_ACCOUNT)?;
        // SAFETY: The pointee stays where it is until `close` drops it in place.
        let file = unsafe { Pin::into_inner_unchecked(file) };
        Ok(NonNull::from(KBox::leak(file)).cast())
    }

    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`.
    unsafe fn list<R: IntoBytes + Immutable>(
        call: &Call<'_>,
        fill: impl FnOnce(&Context<'_, T, Observer>, &mut List<R>) -> Result,
    ) -> Result<List> {
        let mut list = List::new();
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        fill(unsafe { Context::from_ref(call) }, &mut list)?;
        Ok(list.erase())
    }

    /// # Safety
    ///
    /// See [`DriverOps`].
    unsafe fn firmware(call: &Call<'_>) -> Result<List> {
        // SAFETY: Same requirements.
        unsafe { Self::list(call, T::firmware) }
    }

    /// # Safety
    ///
    /// See [`DriverOps::engine_count`].
    unsafe fn engine_count(call: &Call<'_>, engine: usize) -> u32 {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::engine_count(unsafe { Context::from_ref(call) }, EngineId::new(engine))
    }

    /// # Safety
    ///
    /// See [`DriverOps`].
    unsafe fn clocks(call: &Call<'_>) -> Result<List> {
        // SAFETY: Same requirements.
        unsafe { Self::list(call, T::clocks) }
    }

    /// # Safety
    ///
    /// See [`DriverOps`].
    unsafe fn sensors(call: &Call<'_>) -> Result<List> {
        // SAFETY: Same requirements.
        unsafe { Self::list(call, T::sensors) }
    }

    /// # Safety
    ///
    /// See [`DriverOps::stop`].
    unsafe fn stop(call: &Call<'_>) {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::stop(unsafe { Context::from_ref(call) });
    }

    /// # Safety
    ///
    /// See [`DriverOps::stop`].
    unsafe fn clean_up(call: &Call<'_>) {
        // SAFETY: As above.
        T::clean_up(unsafe { Context::from_ref(call) });
    }

    /// # Safety
    ///
    /// See [`DriverOps::stop`].
    unsafe fn background(call: &Call<'_>) {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::background(unsafe { Context::from_ref(call) });
    }

    /// # Safety
    ///
    /// See [`DriverOps::poll`].
    unsafe fn poll(call: &Call<'_>) -> bool {
        // SAFETY: Same requirements.
        T::poll(unsafe { Context::from_ref(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::mmap`].
    unsafe fn mmap(call: &Call<'_>, request: &MapRequest) -> Result<usize> {
        // SAFETY: Same requirements.
        let ctx = unsafe { Context::<T, User>::from_ref(call) };

        T::mmap(ctx, request)?.first_page(call.core, request)
    }

    /// # Safety
    ///
    /// See [`DriverOps::place`].
    unsafe fn place(call: &Call<'_>, request: &PlaceRequest) -> Result<Placement> {
        // SAFETY: Same requirements.
        T::place(unsafe { Context::from_ref(call) }, request)
    }

    /// # Safety
    ///
    /// See [`DriverOps::copy_buffer`].
    unsafe fn copy_buffer(call: &Call<'_>, request: &CopyRequest<'_>) -> Result {
        // SAFETY: Same requirements; the role of an observer asks for nothing more.
        T::copy_buffer(unsafe { Context::from_ref(call) }, request)
    }

    /// # Safety
    ///
    /// See [`DriverOps::reset`].
    unsafe fn reset(call: Call<'_>) -> Result {
        let hook = const { T::RESET.hook }.ok_or(EOPNOTSUPP)?;
        // SAFETY: The call was admitted to a device of `T`, and users are kept out, which is all
        // that the role of a reset asks for.
        hook(unsafe { Context::new(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::suspend`].
    unsafe fn suspend(call: Call<'_>) -> Result {
        let hook = const { T::POWER.suspend }.ok_or(EOPNOTSUPP)?;
        // SAFETY: The call was admitted to a device of `T`, which is all that the role asks for.
        hook(unsafe { Context::new(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::suspend`].
    unsafe fn resume(call: Call<'_>) -> Result {
        let hook = const { T::POWER.resume }.ok_or(EOPNOTSUPP)?;
        // SAFETY: As above.
        hook(unsafe { Context::new(call) })
    }

    /// # Safety
    ///
    /// See [`DriverOps::close`].
    unsafe fn close(file: NonNull<c_void>) {
        // SAFETY: The pointer was leaked by `open`, and is given up here.
        drop(unsafe { KBox::<T::File>::from_raw(file.as_ptr().cast()) });
    }
}
