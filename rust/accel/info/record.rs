// SPDX-License-Identifier: GPL-2.0

//! What a driver tells about a device, in its own words and in those of the C header.

use kernel::prelude::*;
use zerocopy::Immutable;

use super::text;
use crate::uapi::*;

/// Something that runs on the device; `struct accel_info_firmware`.
pub struct Firmware<'a> {
    /// What it is for.
    pub name: &'a str,
    /// Its version.
    pub version: &'a str,
}

/// A clock; `struct accel_info_clock`.
pub struct Clock<'a> {
    /// Which one.
    pub name: &'a str,
    /// Its frequency when the driver last looked, in Hz.
    pub current_hz: u64,
    /// The highest that it can have, in Hz.
    pub max_hz: u64,
}

/// A sensor; `struct accel_info_sensor`.
pub struct Sensor<'a> {
    /// Where it is.
    pub name: &'a str,
    /// What it showed when the driver last looked.
    pub reading: Reading,
}

/// What a sensor shows; `enum accel_quantity`.
#[derive(Clone, Copy)]
pub enum Reading {
    /// Power, in microwatts.
    PowerUw(i64),
    /// Temperature, in thousandths of a degree Celsius.
    TemperatureMc(i64),
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

impl From<Sensor<'_>> for accel_info_sensor {
    fn from(sensor: Sensor<'_>) -> Self {
        let (quantity, value) = match sensor.reading {
            Reading::PowerUw(value) => (ACCEL_QUANTITY_POWER, value),
            Reading::TemperatureMc(value) => (ACCEL_QUANTITY_TEMPERATURE, value),
        };
        Self {
            name: text(sensor.name.as_bytes()),
            quantity,
            reserved: 0,
            value,
        }
    }
}

/// A list that a driver fills with records; `R` is their form for user space.
///
/// # Invariants
///
/// `bytes` is a sequence of records of `record_size` bytes each.
pub struct List<R = ()> {
    bytes: KVVec<u8>,
    record_size: usize,
    _record: core::marker::PhantomData<fn(R) -> R>,
}

impl<R: IntoBytes + Immutable> List<R> {
    pub(crate) fn new() -> Self {
        const_assert!(size_of::<R>() > 0, "a record is not empty");

        // INVARIANT: The sequence is empty.
        Self {
            bytes: KVVec::new(),
            record_size: size_of::<R>(),
            _record: core::marker::PhantomData,
        }
    }

    /// Adds a record. Returns `ENOMEM` if there is no room.
    pub fn push(&mut self, record: impl Into<R>) -> Result {
        // INVARIANT: A record is added as a whole, or not at all.
        self.bytes
            .extend_from_slice(record.into().as_bytes(), GFP_KERNEL)?;
        Ok(())
    }

    /// Forgets what the records are made of.
    pub(crate) fn erase(self) -> List {
        List {
            bytes: self.bytes,
            record_size: self.record_size,
            _record: core::marker::PhantomData,
        }
    }
}

impl List {
    /// Returns a list that consists of `record`.
    pub(crate) fn of_one<R: IntoBytes + Immutable>(record: R) -> Result<Self> {
        let mut list = List::<R>::new();
        list.push(record)?;
        Ok(list.erase())
    }

    /// Returns the records as bytes, and the size of each.
    pub(crate) fn as_parts(&self) -> (&[u8], usize) {
        (&self.bytes, self.record_size)
    }
}
