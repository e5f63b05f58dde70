// SPDX-License-Identifier: GPL-2.0

//! What a device consists of, what it measures, and what it has done.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::text::Text;
use super::topic::{Record, Topic};

/// Record of [`Topic::FIRMWARE`], `struct accel_info_firmware`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InfoFirmware {
    /// What it is for.
    pub name: Text<32>,
    /// Its version.
    pub version: Text<64>,
}

impl Record for InfoFirmware {
    const TOPIC: Topic = Topic::FIRMWARE;
}

/// What an engine is for, `enum accel_engine_class`.
///
/// A number and not a Rust enum, for the same reason as [`Topic`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct EngineClass(pub u32);

impl EngineClass {
    /// None of the following.
    pub const OTHER: Self = Self(0);
    /// Computing.
    pub const COMPUTE: Self = Self(1);
    /// Moving data.
    pub const COPY: Self = Self(2);

    /// The name in the C header without its prefix in lower case, or [`None`]
    /// if this crate does not know the class.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::OTHER => Some("other"),
            Self::COMPUTE => Some("compute"),
            Self::COPY => Some("copy"),
            _ => None,
        }
    }
}

/// Record of [`Topic::ENGINES`], `struct accel_info_engine`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InfoEngine {
    /// Its name.
    pub name: Text<32>,
    /// What it is for.
    pub engine_class: EngineClass,
    /// How many of its kind there are.
    pub count: u32,
}

impl Record for InfoEngine {
    const TOPIC: Topic = Topic::ENGINES;
}

/// What a region of memory is, `enum accel_memory_kind`.
///
/// A number and not a Rust enum, for the same reason as [`Topic`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct MemoryKind(pub u32);

impl MemoryKind {
    /// Pages of the system's memory.
    pub const SYSTEM: Self = Self(0);
    /// Memory of the device.
    pub const DEVICE: Self = Self(1);
    /// Memory of the system that is allocated for the device.
    pub const COHERENT: Self = Self(2);

    /// The name in the C header without its prefix in lower case, or [`None`]
    /// if this crate does not know the kind.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::SYSTEM => Some("system"),
            Self::DEVICE => Some("device"),
            Self::COHERENT => Some("coherent"),
            _ => None,
        }
    }
}

/// Record of [`Topic::MEMORY`], `struct accel_info_memory`.
///
/// The index of a record is the number of its region.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct InfoMemory {
    /// Its name.
    pub name: Text<32>,
    /// What it is.
    pub kind: MemoryKind,
    /// Zero.
    pub reserved: u32,
    /// How large it is, in bytes; zero if only the system limits it.
    pub total: u64,
    /// How much of it the buffers of the device have, in bytes.
    pub in_use: u64,
}

impl Record for InfoMemory {
    const TOPIC: Topic = Topic::MEMORY;
}

/// Record of [`Topic::CLOCKS`], `struct accel_info_clock`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct InfoClock {
    /// Which clock.
    pub name: Text<32>,
    /// Its frequency when the driver last looked, in Hz.
    pub current_hz: u64,
    /// The highest that it can have, in Hz.
    pub max_hz: u64,
}

impl Record for InfoClock {
    const TOPIC: Topic = Topic::CLOCKS;
}

/// Record of [`Topic::USAGE`], `struct accel_info_usage`.
///
/// All members only grow.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct InfoUsage {
    /// Time spent on work that is completed, in nanoseconds; work that ran at
    /// the same time counts each by itself.
    pub busy_ns: u64,
    /// How many pieces of work were begun.
    pub submitted: u64,
    /// How many of those have ended.
    pub completed: u64,
}

impl Record for InfoUsage {
    const TOPIC: Topic = Topic::USAGE;
}

/// What a sensor measures, `enum accel_quantity`.
///
/// A number and not a Rust enum, for the same reason as [`Topic`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct Quantity(pub u32);

impl Quantity {
    /// Power, in microwatts.
    pub const POWER: Self = Self(0);
    /// Temperature, in thousandths of a degree Celsius.
    pub const TEMPERATURE: Self = Self(1);
    /// Voltage, in millivolts.
    pub const VOLTAGE: Self = Self(2);
    /// Current, in milliamperes.
    pub const CURRENT: Self = Self(3);
    /// Speed of a fan, in revolutions per minute.
    pub const FAN: Self = Self(4);

    /// The name in the C header without its prefix in lower case, or [`None`]
    /// if this crate does not know the quantity.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::POWER => Some("power"),
            Self::TEMPERATURE => Some("temperature"),
            Self::VOLTAGE => Some("voltage"),
            Self::CURRENT => Some("current"),
            Self::FAN => Some("fan"),
            _ => None,
        }
    }
}

/// Record of [`Topic::SENSORS`], `struct accel_info_sensor`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct InfoSensor {
    /// Where it is.
    pub name: Text<32>,
    /// What it measures, which says the unit.
    pub quantity: Quantity,
    /// [`InfoSensor::MAX`] and [`InfoSensor::CRITICAL`].
    pub flags: u32,
    /// What it showed when the driver last looked.
    pub value: i64,
    /// The value that it is not meant to exceed, if there is one.
    pub max: i64,
    /// The value at which the device protects itself, if there is one.
    pub critical: i64,
}

impl InfoSensor {
    /// Flag: [`InfoSensor::max`] is known.
    pub const MAX: u32 = 1 << 0;
    /// Flag: [`InfoSensor::critical`] is known.
    pub const CRITICAL: u32 = 1 << 1;
}

impl Record for InfoSensor {
    const TOPIC: Topic = Topic::SENSORS;
}
