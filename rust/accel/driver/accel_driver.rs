// SPDX-License-Identifier: GPL-2.0

//! What a driver provides.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    types::{
        CovariantForLt,
        ForLt, //
    },
};

use super::{
    buffer::BufferTable,
    buffer_data::BufferData,
    context::{
        Context,
        Observer, //
    },
    engine::{
        EngineId,
        EngineTable, //
    },
    info::TopicTable,
    ioctl::IoctlTable,
    AttributeTable,
    DebugTable,
    DriverInfo,
    Power,
    Reset, //
};
use crate::{
    base::{
        open_policy::OpenPolicy,
        records::List, //
    },
    buffers::CopyRequest,
    memory::{
        io_range::{
            IoRange,
            MapRequest, //
        },
        PlaceRequest,
        Placement,
        Regions, //
    },
    sys::uapi::{
        accel_info_clock,
        accel_info_firmware,
        accel_info_sensor, //
    }, //
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
pub trait AccelDriver: Sized + 'static {
    /// What the driver keeps for as long as a device is bound, as a type over the lifetime of the
    /// binding: `CovariantForLt!(Data<'_>)`. Resources of the device can be borrowed for it.
    ///
    /// Nothing reaches it once the device is gone: a reference to it only exists behind a
    /// [`Context`], or in a callback that is over before.
    type Data: CovariantForLt + for<'a> ForLt<Of<'a>: Send + Sync>;

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

    /// Files in debugfs.
    const DEBUG_FILES: DebugTable<Self> = DebugTable::new(&[]);

    /// How its devices are reset when they have gone wrong.
    const RESET: Reset<Self> = Reset::none();

    /// How its devices are put to sleep when nobody uses them.
    const POWER: Power<Self> = Power::none();

    /// Lists what runs on the device, for topic FIRMWARE.
    ///
    /// This and the following are asked by observers, so they must not reach the hardware: they
    /// tell what the driver knows already. By default there is nothing to tell.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{info::{Firmware, List}, prelude::*, uapi::accel_info_firmware};
    /// fn firmware(list: &mut List<accel_info_firmware>) -> Result {
    ///     // A text that is too long is cut off.
    ///     list.push(Firmware {
    ///         name: "scheduler",
    ///         version: "2.0.1",
    ///     })
    /// }
    /// ```
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

    /// Lists the clocks, for topic CLOCKS: frequencies in Hz, as they were when the driver last
    /// looked.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{info::{Clock, List}, prelude::*, uapi::accel_info_clock};
    /// fn clocks(list: &mut List<accel_info_clock>) -> Result {
    ///     list.push(Clock {
    ///         name: "core",
    ///         current_hz: 800_000_000,
    ///         max_hz: 1_200_000_000,
    ///     })
    /// }
    /// ```
    fn clocks(_ctx: &Context<'_, Self, Observer>, _list: &mut List<accel_info_clock>) -> Result {
        Ok(())
    }

    /// Lists the sensors, for topic SENSORS and for hwmon: power in microwatts, temperature in
    /// thousandths of a degree Celsius, as they were when the driver last looked.
    ///
    /// Called for each reading. What hwmon shows are the sensors that the device had when it was
    /// bound, so those of a quantity keep their order.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{info::{List, Reading, Sensor}, prelude::*, uapi::accel_info_sensor};
    /// fn sensors(list: &mut List<accel_info_sensor>) -> Result {
    ///     list.push(Sensor {
    ///         name: "board",
    ///         reading: Reading::PowerUw(12_500_000),
    ///     })?;
    ///     list.push(Sensor {
    ///         name: "die",
    ///         reading: Reading::TemperatureMc(-4_250),
    ///     })
    /// }
    /// ```
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

    /// Stops the hardware: when this returns, that touches no memory any more, and begins no work.
    ///
    /// Called once when a device is to be reset, is wedged, or goes, and when the system shuts
    /// down: newcomers are kept out already, but calls may still be inside the driver, and
    /// interrupts arrive. The fences of all work that is not done are signalled next, so whoever
    /// waits for them takes it that their memory is theirs again. A hook of [`Self::RESET`] that
    /// succeeds brings the hardware back. By default there is nothing to stop.
    ///
    /// No work may begin afterwards, so take the lock under which that happens, and ask
    /// [`Device::is_running`](crate::Device::is_running) wherever it does.
    ///
    /// A device that is awake stays so meanwhile, but one that is asleep is not woken: ask
    /// [`Context::stay_awake`] before touching its registers. It may also be out of the machine, so
    /// waiting for it takes a limit. May sleep, but fences depend on it, see
    /// [`Signalling`](crate::base::fence::Signalling); so it must not wait for users, for fences or
    /// for memory.
    fn stop(_ctx: &Context<'_, Self, Observer>) {}

    /// Does what is to be done on the driver's own account, such as starting what a fence has held
    /// up. Called after [`Device::queue_background`](crate::Device::queue_background) and by a
    /// [`FenceCallback`](crate::device::fence_callback::FenceCallback), possibly for no reason; but
    /// only while the device is running, and awake if the system is.
    ///
    /// May sleep, but holds up the removal of the device: if there is much to do, it does a part
    /// and has itself called again. Fences are signalled here, so it must not wait for memory, nor
    /// give back that of work that is done, as for [`Self::stop`]: leave that to
    /// [`Self::clean_up`].
    fn background(_ctx: &Context<'_, Self, Observer>) {}

    /// Gives back what finished work has left behind, such as the memory of its buffers. Called
    /// after [`Device::queue_clean_up`](crate::Device::queue_clean_up), possibly for no reason;
    /// unless the device is being reset, and until it goes.
    ///
    /// No fence depends on this, so it may allocate memory and take any lock, but none that
    /// [`Self::stop`] or [`Self::background`] take while it does. Holds up the removal of the
    /// device.
    fn clean_up(_ctx: &Context<'_, Self, Observer>) {}

    /// Returns whether there is something for the calling file to ask for, which `poll()` reports
    /// as `EPOLLIN`. When that becomes true, call [`Pollers::wake`](crate::Pollers::wake).
    fn poll(_ctx: &Context<'_, Self>) -> bool {
        false
    }

    /// Says what a user gets who maps `request` of the device: memory or registers of it, of the
    /// length of the request. By default there is nothing to map, `EOPNOTSUPP`. If the devices have
    /// buffers, offsets of 1 TiB and above belong to those.
    ///
    /// Called with the address space of the caller locked: it must not touch its memory.
    fn mmap<'a>(_ctx: &'a Context<'_, Self>, _request: &MapRequest) -> Result<IoRange<'a>> {
        Err(EOPNOTSUPP)
    }
}

/// What the driver `T` keeps for each open file of a user.
///
/// Dropped when the file is closed or the device goes away, whichever is first: so possibly while
/// the device is asleep, is being reset by its driver or its bus, or is wedged. The drop does not
/// touch the hardware, unless it asks [`Device::is_running`](crate::Device::is_running) under the
/// lock that [`AccelDriver::stop`] takes, and the state has kept the device awake by an
/// [`Awake`](crate::Awake). What cannot be done then is left to [`AccelDriver::clean_up`].
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
