// SPDX-License-Identifier: GPL-2.0

//! What a driver tells about a device, in its own words: records of topics that every device has,
//! and topics of its own.

mod sensors;

use core::{
    marker::PhantomData,
    mem::offset_of, //
};
use kernel::prelude::*;
use zerocopy::Immutable;

pub use self::sensors::{
    Limits,
    Reading,
    Sensor, //
};
pub use crate::base::records::List;

use super::{
    context::{
        Context,
        Observer, //
    },
    engine::EngineId,
    features::Features,
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
    base::{
        names,
        records::text, //
    },
    device::{
        call::Call,
        ops::{
            features::InfoFns,
            TopicEntry, //
        }, //
    },
    sys::uapi::{
        self,
        accel_info_clock,
        accel_info_firmware,
        accel_info_sensor,
        UapiType, //
    }, //
};

/// Something that runs on the device; `struct accel_info_firmware`.
///
/// # Examples
///
/// ```
/// use accel::{info::Firmware, uapi::accel_info_firmware};
///
/// let firmware = accel_info_firmware::from(Firmware {
///     name: "loader",
///     version: "1.0",
/// });
/// assert_eq!(&firmware.name[..7], b"loader\0");
/// ```
pub struct Firmware<'a> {
    /// What it is for.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// A clock; `struct accel_info_clock`.
///
/// # Examples
///
/// ```
/// use accel::{info::Clock, uapi::accel_info_clock};
///
/// let clock = accel_info_clock::from(Clock {
///     name: "core",
///     current_hz: 800_000_000,
///     max_hz: 1_200_000_000,
/// });
/// assert_eq!(clock.current_hz, 800_000_000);
/// ```
pub struct Clock<'a> {
    /// Which one.
    pub name: &'a str,
    /// Its frequency when the driver last looked, in Hz.
    pub current_hz: u64,
    /// The highest that it can have, in Hz.
    pub max_hz: u64,
}

impl From<Firmware<'_>> for accel_info_firmware {
    fn from(firmware: Firmware<'_>) -> Self {
        Self {
            name: text(firmware.name.as_bytes()),
            version: text(firmware.version.as_bytes()),
        }
    }
}

impl From<Clock<'_>> for accel_info_clock {
    fn from(clock: Clock<'_>) -> Self {
        Self {
            name: text(clock.name.as_bytes()),
            current_hz: clock.current_hz,
            max_hz: clock.max_hz,
        }
    }
}

/// Drivers that know what runs on their devices, or have clocks or sensors. All is optional; by
/// default there is nothing to tell.
///
/// All functions are asked by observers, so they must not reach the hardware: they tell what the
/// driver knows already, as it was when the driver last looked.
///
/// # Examples
///
/// ```
/// use accel::{
///     info::{InfoOps, List, Reading, Sensor},
///     prelude::*,
///     uapi::accel_info_sensor,
///     Features,
/// };
/// use kernel::sync::atomic::{Atomic, Relaxed};
///
/// # struct Npu;
/// struct Data {
///     power_uw: Atomic<i64>,
/// }
///
/// impl InfoOps for Npu {
///     fn sensors(
///         ctx: &Context<'_, Self, Observer>,
///         list: &mut List<accel_info_sensor>,
///     ) -> Result {
///         list.push(Sensor {
///             name: "board",
///             reading: Reading::PowerUw(ctx.data().power_uw.load(Relaxed)),
///         })
///     }
/// }
///
/// impl AccelDriver for Npu {
///     type Data = CovariantForLt!(Data);
///     const FEATURES: Features<Self> = Features::none().info();
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
pub trait InfoOps: AccelDriver {
    /// Lists what runs on the device, for topic FIRMWARE.
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

    /// Lists the clocks, for topic CLOCKS: frequencies in Hz.
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

    /// Lists the sensors, for topic SENSORS and for hwmon. What each shows has the unit of its
    /// [`Reading`].
    ///
    /// Called for each reading. What hwmon shows are the sensors that the device had when it was
    /// bound, with their limits, so those of a quantity keep their order.
    fn sensors(_ctx: &Context<'_, Self, Observer>, _list: &mut List<accel_info_sensor>) -> Result {
        Ok(())
    }

    /// Says how many engines of a kind the device has; zero if it has none, unlike others. By
    /// default it has as many as the table says.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{engine::EngineId, prelude::*};
    /// /// The model without a copy engine, the second row, has 0 of them.
    /// fn engine_count<T: AccelDriver>(engine: EngineId<T>, has_copy: bool) -> u32 {
    ///     match engine.number() {
    ///         1 if !has_copy => 0,
    ///         _ => T::ENGINES.count(engine),
    ///     }
    /// }
    /// ```
    fn engine_count(_ctx: &Context<'_, Self, Observer>, engine: EngineId<Self>) -> u32 {
        Self::ENGINES.count(engine)
    }
}

impl<T: InfoOps> Features<T> {
    /// Adds [`InfoOps`].
    pub const fn info(mut self) -> Self {
        self.fns.info = Some(InfoFns {
            firmware: records_with_texts(T::firmware),
            clocks: records_with_texts(T::clocks),
            sensors: records_with_texts(T::sensors),
            engine_count: handler::by_ref_with(|ctx: &Context<'_, T, Observer>, engine: &usize| {
                T::engine_count(ctx, EngineId::new(*engine))
            }),
        });
        self
    }
}

/// Records of the framework, which a driver may make itself. The C header says that texts in them
/// are terminated, and the kernel relies on it.
trait HasTexts {
    /// Where the arrays of the texts have their last bytes.
    const ENDS: &'static [usize];
}

impl HasTexts for accel_info_firmware {
    const ENDS: &'static [usize] = &[
        offset_of!(Self, version) - 1,
        size_of::<Self>() - 1, //
    ];
}

impl HasTexts for accel_info_clock {
    const ENDS: &'static [usize] = &[offset_of!(Self, current_hz) - 1];
}

impl HasTexts for accel_info_sensor {
    const ENDS: &'static [usize] = &[offset_of!(Self, quantity) - 1];
}

/// As [`records`], and ends the texts in them.
const fn records_with_texts<T, R, H>(fill: H) -> unsafe fn(&Call<'_>) -> Result<List>
where
    T: AccelDriver,
    R: HasTexts + IntoBytes + Immutable,
    H: Fn(&Context<'_, T, Observer>, &mut List<R>) -> Result + Copy + Send + Sync + 'static,
{
    records(move |ctx: &Context<'_, T, Observer>, list: &mut List<R>| {
        fill(ctx, list)?;
        list.end_texts(R::ENDS);
        Ok(())
    })
}

/// A topic of the driver `T`: a row of its [`TopicTable`].
#[repr(transparent)]
pub struct Topic<T: AccelDriver> {
    // INVARIANT: `records` is one for `T`.
    entry: TopicEntry,
    _driver: Invariant<T>,
}

// SAFETY: By the declaration, and by the invariant of `entry`.
unsafe impl<T: AccelDriver> Row for Topic<T> {
    type Entry = TopicEntry;
}

impl<T: AccelDriver> Topic<T> {
    /// Declares a topic, by its number, from 0x8000 on, and the function that lists its records,
    /// which [`uapi_struct!`](crate::uapi_struct) declares.
    ///
    /// The function is called for observers, so it must not reach the hardware.
    pub const fn new<R, H>(id: u32, handler: H) -> Self
    where
        R: UapiType,
        H: Fn(&Context<'_, T, Observer>, &mut List<R>) -> Result + Copy + Send + Sync + 'static,
    {
        Self {
            entry: TopicEntry {
                id,
                records: records(handler),
            },
            _driver: PhantomData,
        }
    }
}

/// Makes what has `fill` list records, and returns them without their type.
const fn records<T, R, H>(fill: H) -> unsafe fn(&Call<'_>) -> Result<List>
where
    T: AccelDriver,
    R: IntoBytes + Immutable,
    H: Fn(&Context<'_, T, Observer>, &mut List<R>) -> Result + Copy + Send + Sync + 'static,
{
    handler::by_ref(move |ctx: &Context<'_, T, Observer>| {
        let mut list = List::new();
        fill(ctx, &mut list)?;
        Ok(list.erase())
    })
}

/// The topics of the driver `T`.
///
/// # Examples
///
/// ```
/// use accel::{info::{List, Topic, TopicTable}, prelude::*};
///
/// uapi_struct! {
///     struct Lane {
///         number: u32,
///     }
/// }
///
/// fn lanes<T: AccelDriver>(_: &Context<'_, T, Observer>, list: &mut List<Lane>) -> Result {
///     list.push(Lane { number: 0 })
/// }
///
/// const fn topics<T: AccelDriver>() -> TopicTable<T> {
///     TopicTable::new(const { &[Topic::new(0x8000, lanes)] })
/// }
/// ```
pub type TopicTable<T> = Table<Topic<T>>;

impl<T: AccelDriver> Table<Topic<T>> {
    /// Makes a table of `topics`, which must be in the order of their numbers, from 0x8000.
    pub const fn new(topics: &'static [Topic<T>]) -> Self {
        check_each!(topics, |topic, before| {
            let id = topic.entry.id;
            let is_next = match before.last() {
                Some(last) => id > last.entry.id,
                None => id >= uapi::ACCEL_INFO_DRIVER_BASE,
            };
            names::require_of_number(
                is_next,
                id,
                "topic numbers are from 0x8000, ascending and unique",
            );
        });
        Self::checked(topics)
    }
}
