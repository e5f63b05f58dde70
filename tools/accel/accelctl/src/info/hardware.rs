// SPDX-License-Identifier: GPL-2.0

//! What a device consists of, what it measures, and what it has done. Names and
//! units are those of the C header.

use accel::uapi::{
    InfoClock, InfoEngine, InfoFirmware, InfoMemory, InfoSensor, InfoUsage, Quantity,
};
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
#[derive(Debug, Serialize)]
pub struct Sensor {
    pub(super) name: String,
    pub(super) quantity: String,
    #[serde(flatten)]
    pub(super) reading: Reading,
}

/// What a sensor shows; the name that it has in JSON says the unit.
#[derive(Debug, Serialize)]
pub enum Reading {
    /// Power, in microwatts.
    #[serde(rename = "value_uw")]
    Power(i64),
    /// Temperature, in thousandths of a degree Celsius.
    #[serde(rename = "value_mc")]
    Temperature(i64),
    /// Something that this program does not know, nor its unit.
    #[serde(rename = "value")]
    Unknown(i64),
}

impl From<InfoSensor> for Sensor {
    fn from(record: InfoSensor) -> Self {
        let reading = match record.quantity {
            Quantity::POWER => Reading::Power,
            Quantity::TEMPERATURE => Reading::Temperature,
            _ => Reading::Unknown,
        };
        Self {
            name: record.name.to_string(),
            quantity: known(record.quantity.name(), record.quantity.0),
            reading: reading(record.value),
        }
    }
}
