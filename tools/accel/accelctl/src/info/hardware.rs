// SPDX-License-Identifier: GPL-2.0

//! What a device consists of, what it measures, and what it has done. Names and
//! units are those of the C header.

use accel::uapi::{
    InfoClock, InfoEngine, InfoFirmware, InfoMemory, InfoSensor, InfoUsage, Quantity,
};
use serde::ser::{SerializeMap, Serializer};
use serde::Serialize;

use crate::units::known;

/// Something that runs on it.
#[derive(Debug, Serialize)]
pub struct Firmware {
    pub(super) name: String,
    pub(super) version: String,
}

impl From<InfoFirmware> for Firmware {
    fn from(record: InfoFirmware) -> Self {
        Self {
            name: record.name.to_string(),
            version: record.version.to_string(),
        }
    }
}

/// A kind of engine.
#[derive(Debug, Serialize)]
pub struct Engine {
    pub(super) name: String,
    pub(super) engine_class: String,
    pub(super) count: u32,
}

impl From<InfoEngine> for Engine {
    fn from(record: InfoEngine) -> Self {
        Self {
            name: record.name.to_string(),
            engine_class: known(record.engine_class.name(), record.engine_class.0),
            count: record.count,
        }
    }
}

/// Where the memory of buffers comes from.
#[derive(Debug, Serialize)]
pub struct Memory {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) total_bytes: Option<u64>,
    pub(super) in_use_bytes: u64,
}

impl From<InfoMemory> for Memory {
    fn from(record: InfoMemory) -> Self {
        Self {
            name: record.name.to_string(),
            kind: known(record.kind.name(), record.kind.0),
            // It is zero if only the system limits it.
            total_bytes: Some(record.total).filter(|&total| total != 0),
            in_use_bytes: record.in_use,
        }
    }
}

/// A clock.
#[derive(Debug, Serialize)]
pub struct Clock {
    pub(super) name: String,
    pub(super) current_hz: u64,
    pub(super) max_hz: u64,
}

impl From<InfoClock> for Clock {
    fn from(record: InfoClock) -> Self {
        Self {
            name: record.name.to_string(),
            current_hz: record.current_hz,
            max_hz: record.max_hz,
        }
    }
}

/// What it has done.
#[derive(Debug, Serialize)]
pub struct Usage {
    pub(super) busy_ns: u64,
    pub(super) submitted: u64,
    pub(super) completed: u64,
}

impl From<InfoUsage> for Usage {
    fn from(record: InfoUsage) -> Self {
        Self {
            busy_ns: record.busy_ns,
            submitted: record.submitted,
            completed: record.completed,
        }
    }
}

/// A sensor.
#[derive(Debug)]
pub struct Sensor {
    pub(super) name: String,
    pub(super) quantity: String,
    pub(super) unit: Unit,
    pub(super) value: i64,
    pub(super) max: Option<i64>,
    pub(super) critical: Option<i64>,
}

/// The unit of what a sensor shows, and of its limits.
#[derive(Debug, Clone, Copy)]
pub enum Unit {
    /// Microwatts.
    Power,
    /// Thousandths of a degree Celsius.
    Temperature,
    /// Millivolts.
    Voltage,
    /// Milliamperes.
    Current,
    /// Revolutions per minute.
    Fan,
    /// One that this program does not know.
    Unknown,
}

impl Unit {
    /// How a name in JSON ends, which says the unit.
    fn suffix(self) -> &'static str {
        match self {
            Self::Power => "_uw",
            Self::Temperature => "_mc",
            Self::Voltage => "_mv",
            Self::Current => "_ma",
            Self::Fan => "_rpm",
            Self::Unknown => "",
        }
    }
}

impl Serialize for Sensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("quantity", &self.quantity)?;
        let numbers = [
            ("value", Some(self.value)),
            ("max", self.max),
            ("critical", self.critical),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                map.serialize_entry(&format!("{name}{}", self.unit.suffix()), &number)?;
            }
        }
        map.end()
    }
}

impl From<InfoSensor> for Sensor {
    fn from(record: InfoSensor) -> Self {
        let unit = match record.quantity {
            Quantity::POWER => Unit::Power,
            Quantity::TEMPERATURE => Unit::Temperature,
            Quantity::VOLTAGE => Unit::Voltage,
            Quantity::CURRENT => Unit::Current,
            Quantity::FAN => Unit::Fan,
            _ => Unit::Unknown,
        };
        Self {
            name: record.name.to_string(),
            quantity: known(record.quantity.name(), record.quantity.0),
            unit,
            value: record.value,
            max: (record.flags & InfoSensor::MAX != 0).then_some(record.max),
            critical: (record.flags & InfoSensor::CRITICAL != 0).then_some(record.critical),
        }
    }
}
