// SPDX-License-Identifier: GPL-2.0

//! What a driver provides, and the untyped form in which the core holds it.

use core::{
    ffi::c_void,
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    time::Msecs,
    types::{
        CovariantForLt,
        ForLt, //
    },
};
use zerocopy::Immutable;

use crate::{
    buffer::{
        BufferData,
        BufferTable,
        CopyRequest,
        DataOps,
        Limits,
        PlaceRequest,
        Placement,
        Regions, //
    },
    context::{
        Call,
        Context,
        Observer,
        User, //
    },
    debugfs::DebugTable,
    engine::{
        Engine,
        EngineId,
        EngineTable, //
    },
    info::{
        List,
        TopicEntry,
        TopicTable, //
    },
    ioctl::{
        Entry,
        IoctlTable, //
    },
    mapping::{
        IoRange,
        MapRequest, //
    },
    names,
    open_policy::OpenPolicy,
    power::Power,
    reset::{
        Limit,
        Reset, //
    },
    sysfs::{
        AttributeEntry,
        AttributeTable, //
    },
    uapi::{
        accel_info_clock,
        accel_info_firmware,
        accel_info_sensor, //
    },
};

/// Who a driver is, and where to find what belongs to it.
///
/// All of it is public, through the information topic DRIVER. An accelerator without open user
/// space has no place here, so there is no way to leave that out.
pub struct DriverInfo {
    /// Name, at most 31 bytes, without slashes.
    pub name: &'static str,
    /// Version, at most 31 bytes.
    pub version: &'static str,
    /// Where the open user space is: a URL, or a path in the source tree that the driver is part
    /// of. At most 127 bytes.
    pub user_space_url: &'static str,
    /// SPDX licence expression of that user space, at most 63 bytes.
    pub user_space_license: &'static str,
    /// Where the interface of the device is documented: a URL, or a path in the source tree. At
    /// most 127 bytes.
    pub documentation_url: &'static str,
}

impl DriverInfo {
    const fn check(&self) {
        const fn fits(text: &str, room: usize) -> bool {
            !text.is_empty() && text.len() < room
        }
        assert!(
            fits(self.name, 32) && fits(self.version, 32),
            "a driver has a name and a version of at most 31 bytes"
        );
        assert!(
            names::is_of_file(self.name.as_bytes()),
            "a driver's name is that of a folder in sysfs, without slashes"
        );
        assert!(
            fits(self.user_space_url, 128) && fits(self.user_space_license, 64),
            "a driver has an open user space (at most 127 bytes) with a licence (at most 63)"
        );
        assert!(
            fits(self.documentation_url, 128),
            "a driver's interface is documented (at most 127 bytes)"
        );
    }
}

/// A driver of a compute accelerator.
///
/// The implementing type is only a name. What the driver knows about a device is [`Self::Data`],
/// which the adapter of the bus asks it for when a device is bound.
pub trait AccelDriver: Sized + 'static {
    /// What the driver keeps for as long as a device is bound, as a type over the lifetime of the
    /// binding: `CovariantForLt!(Data<'_>)`. Resources of the device can be borrowed for it.
    ///
    /// Nothing reaches it once the device is gone: a reference to it only exists behind a
    /// [`Context`], or in a callback that is over before.
    type Data: CovariantForLt;

    /// What the driver keeps for each open file of a user; `()` if nothing.
    type File: File<Self>;

    /// What the driver keeps for each buffer of an open file; `()` if nothing.
    type Buffer: BufferData<Self>;

    /// Who the driver is.
    const INFO: DriverInfo;

    /// Whom it admits as users.
    const OPEN_POLICY: OpenPolicy;

    /// What it offers beyond the ioctls that every device has.
    const IOCTLS: IoctlTable<Self>;

    /// Whether its devices have buffers.
    const BUFFERS: BufferTable<Self> = BufferTable::none();

    /// What engines its devices have, of which each can work at the same time.
    const ENGINES: EngineTable = EngineTable::new(&[]);

    /// Topics of information beyond those that every device has.
    const TOPICS: TopicTable<Self> = TopicTable::new(&[]);

    /// Attributes in sysfs beyond those that every device has.
    const ATTRIBUTES: AttributeTable<Self> = AttributeTable::new(&[]);

    /// Files in debugfs.
    const DEBUG_FILES: DebugTable<Self> = DebugTable::new(&[]);

    /// How its devices are reset when they have gone wrong.
    const RESET: Reset<Self> = Reset::none();

    /// How its devices are put to sleep when nobody uses them.
    const POWER: Power<Self> = Power::none();

    /// Lists what runs on the device.
    ///
    /// This and the following are asked by observers, so they must not reach the hardware: they
    /// tell what the driver knows already. By default there is nothing to tell.
    fn firmware(
        _ctx: &Context<'_, Self, Observer>,
        _list: &mut List<accel_info_firmware>,
    ) -> Result {
        Ok(())
    }

    /// Says how many engines of a kind the device has; zero if it has none, unlike others. By
    /// default it has as many as the table says.
    fn engine_count(_ctx: &Context<'_, Self, Observer>, engine: EngineId<Self>) -> u32 {
        Self::ENGINES.count(engine)
    }

    /// Lists the clocks.
    fn clocks(_ctx: &Context<'_, Self, Observer>, _list: &mut List<accel_info_clock>) -> Result {
        Ok(())
    }

    /// Lists the sensors.
    fn sensors(_ctx: &Context<'_, Self, Observer>, _list: &mut List<accel_info_sensor>) -> Result {
        Ok(())
    }

    /// Lists the memory that a device has for buffers, beyond that of the system. Called once, when
    /// the device is bound. By default it has none.
    fn memory(_data: &<Self::Data as ForLt>::Of<'_>, _regions: &mut Regions<'_>) -> Result {
        Ok(())
    }

    /// Says where in the memory of the device a buffer is to be that a user creates. An error is
    /// that of the ioctl. By default it is wherever there is room, from the begin of a page on.
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

    /// Does what is to be done on the driver's own account, such as starting what a fence has held
    /// up. Called after [`Device::queue_background`](crate::Device::queue_background) and by a
    /// [`FenceCallback`](crate::fence::FenceCallback), possibly for no reason.
    ///
    /// May sleep, but holds up the removal of the device: if there is much to do, it does a part
    /// and has itself called again. Others may wait for a fence that is signalled here, so it must
    /// not allocate memory other than with `GFP_ATOMIC`, nor take a lock under which others do.
    fn background(_ctx: &Context<'_, Self, Observer>) {}

    /// Returns whether there is something for the calling file to ask for, which `poll()` reports
    /// as `EPOLLIN`. When that becomes true, call [`Device::wake`](crate::Device::wake).
    fn poll(_ctx: &Context<'_, Self>) -> bool {
        false
    }

    /// Says what a user gets who maps `request` of the device: memory or registers of it, of the
    /// length of the request. By default there is nothing to map, `EOPNOTSUPP`.
    ///
    /// Called with the address space of the caller locked: it must not touch its memory.
    fn mmap<'a>(_ctx: &'a Context<'_, Self>, _request: &MapRequest) -> Result<IoRange<'a>> {
        Err(EOPNOTSUPP)
    }
}

/// What the driver `T` keeps for each open file of a user.
///
/// Dropped when the file is closed or the device goes away, whichever is first.
pub trait File<T: AccelDriver>: Sized + Send + Sync + 'static {
    /// Makes the state when a user opens the device.
    ///
    /// Should not touch the hardware, so that a device that is stuck can still be opened.
    fn open(ctx: &Context<'_, T, Observer>) -> impl PinInit<Self, Error>;
}

impl<T: AccelDriver> File<T> for () {
    fn open(_ctx: &Context<'_, T, Observer>) -> impl PinInit<Self, Error> {
        Ok(())
    }
}

/// An [`AccelDriver`] without its types.
///
/// Lives in the driver's module, so it must only be used behind the gate of a device.
pub(crate) struct DriverOps {
    pub(crate) info: DriverInfo,
    pub(crate) open_policy: OpenPolicy,
    pub(crate) ioctls: &'static [Entry],
    pub(crate) topics: &'static [TopicEntry],
    pub(crate) attributes: &'static [AttributeEntry],
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
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) background: unsafe fn(&Call<'_>),
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
        background: Self::background,
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

        let file = KBox::pin_init(T::File::open(ctx), GFP_KERNEL)?;
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
    /// See [`DriverOps::background`].
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
