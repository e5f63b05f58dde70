// SPDX-License-Identifier: GPL-2.0

//! What the sensors of a device show, and are not meant to show.

use crate::{
    base::records::text,
    sys::uapi::{
        self,
        accel_info_sensor, //
    }, //
};

/// A sensor; `struct accel_info_sensor`.
///
/// # Examples
///
/// ```
/// use accel::{info::{Reading, Sensor}, uapi::accel_info_sensor};
///
/// let sensor = accel_info_sensor::from(Sensor {
///     name: "die",
///     reading: Reading::TemperatureMc(-4_250),
/// });
/// assert_eq!(sensor.value, -4_250);
/// ```
pub struct Sensor<'a> {
    /// Where it is.
    pub name: &'a str,
    /// What it showed when the driver last looked.
    pub reading: Reading,
}

/// What a sensor shows; `enum accel_quantity`.
///
/// # Examples
///
/// ```
/// use accel::info::Reading;
///
/// /// 12.5 W.
/// const BOARD: Reading = Reading::PowerUw(12_500_000);
/// /// 61 degrees.
/// const DIE: Reading = Reading::TemperatureMc(61_000);
/// ```
#[derive(Clone, Copy)]
pub enum Reading {
    /// Power, in microwatts.
    PowerUw(i64),
    /// Temperature, in thousandths of a degree Celsius.
    TemperatureMc(i64),
    /// Voltage, in millivolts.
    VoltageMv(i64),
    /// Current, in milliamperes.
    CurrentMa(i64),
    /// Speed of a fan, in revolutions per minute.
    FanRpm(i64),
}

impl Reading {
    /// Returns what is measured, a number of `enum accel_quantity`, and the value.
    const fn as_parts(self) -> (u32, i64) {
        match self {
            Self::PowerUw(value) => (uapi::ACCEL_QUANTITY_POWER, value),
            Self::TemperatureMc(value) => (uapi::ACCEL_QUANTITY_TEMPERATURE, value),
            Self::VoltageMv(value) => (uapi::ACCEL_QUANTITY_VOLTAGE, value),
            Self::CurrentMa(value) => (uapi::ACCEL_QUANTITY_CURRENT, value),
            Self::FanRpm(value) => (uapi::ACCEL_QUANTITY_FAN, value),
        }
    }
}

/// What a sensor is not meant to show, in the unit of its reading.
///
/// # Examples
///
/// ```
/// use accel::{
///     info::{Limits, List, Reading, Sensor},
///     prelude::*,
///     uapi::accel_info_sensor,
/// };
///
/// fn sensors(list: &mut List<accel_info_sensor>) -> Result {
///     let die = Sensor {
///         name: "die",
///         reading: Reading::TemperatureMc(61_000),
///     };
///     list.push(die.within(Limits {
///         max: Some(95_000),
///         critical: Some(105_000),
///     }))
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Limits {
    /// The value that it is not meant to exceed.
    pub max: Option<i64>,
    /// The value at which the device protects itself.
    pub critical: Option<i64>,
}

impl Sensor<'_> {
    /// Returns the record of a sensor with limits.
    pub fn within(self, limits: Limits) -> accel_info_sensor {
        let (quantity, value) = self.reading.as_parts();
        let max = limits.max.map_or(0, |_| uapi::ACCEL_SENSOR_MAX);
        let critical = limits.critical.map_or(0, |_| uapi::ACCEL_SENSOR_CRITICAL);
        accel_info_sensor {
            name: text(self.name.as_bytes()),
            quantity,
            flags: max | critical,
            value,
            max: limits.max.unwrap_or(0),
            critical: limits.critical.unwrap_or(0),
        }
    }
}

impl From<Sensor<'_>> for accel_info_sensor {
    fn from(sensor: Sensor<'_>) -> Self {
        sensor.within(Limits {
            max: None,
            critical: None,
        })
    }
}
