// SPDX-License-Identifier: GPL-2.0

//! What `accelctl info` shows. Names and units are those of the C header.

mod hardware;
mod text;

use std::path::Path;

use accel::uapi::{self, DeviceError, InfoDevice, InfoDriver, InfoIoctl, InfoStatus, InfoTopic};
use serde::Serialize;

use crate::clients::Client;
use crate::units::known;
use hardware::{Clock, Engine, Firmware, Memory, Sensor, Usage};

/// What some devices tell about themselves.
#[derive(Debug, Serialize)]
pub struct Info {
    /// By minor number.
    pub devices: Vec<DeviceInfo>,
}

/// What a device tells about itself, one member per topic. A topic that it does
/// not answer, or failed to, is [`None`]; one without content is empty.
#[derive(Debug, Serialize)]
pub struct DeviceInfo {
    /// Path of the node.
    pub node: String,
    /// Topic DEVICE.
    pub device: Option<Device>,
    /// Topic DRIVER.
    pub driver: Option<Driver>,
    /// Topic FIRMWARE.
    pub firmware: Option<Vec<Firmware>>,
    /// Topic ENGINES.
    pub engines: Option<Vec<Engine>>,
    /// Topic MEMORY.
    pub memory: Option<Vec<Memory>>,
    /// Topic CLOCKS.
    pub clocks: Option<Vec<Clock>>,
    /// Topic USAGE.
    pub usage: Option<Usage>,
    /// Topic STATUS.
    pub status: Option<Status>,
    /// Topic SENSORS.
    pub sensors: Option<Vec<Sensor>>,
    /// Topic CLIENTS.
    pub clients: Option<Vec<Client>>,
    /// Topic UAPI.
    pub ioctls: Option<Vec<Ioctl>>,
    /// Topic LIST, with the driver's own and those that this program does not
    /// know.
    pub topics: Option<Vec<Topic>>,
}

impl DeviceInfo {
    /// A device of which nothing is known yet.
    pub fn new(node: &Path) -> Self {
        Self {
            node: node.display().to_string(),
            device: None,
            driver: None,
            firmware: None,
            engines: None,
            memory: None,
            clocks: None,
            usage: None,
            status: None,
            sensors: None,
            clients: None,
            ioctls: None,
            topics: None,
        }
    }
}

/// What the device is.
#[derive(Debug, Serialize)]
pub struct Device {
    minor: u32,
    /// Name of the bus.
    pub bus: String,
    /// Name of the device on its bus.
    pub address: String,
    vendor: u32,
    device: u32,
    subsystem_vendor: u32,
    subsystem_device: u32,
    revision: u32,
    numa_node: Option<u32>,
}

impl From<InfoDevice> for Device {
    fn from(record: InfoDevice) -> Self {
        Self {
            minor: record.minor,
            bus: record.bus.to_string(),
            address: record.address.to_string(),
            vendor: record.vendor,
            device: record.device,
            subsystem_vendor: record.subsystem_vendor,
            subsystem_device: record.subsystem_device,
            revision: record.revision,
            // It is -1 if there is none.
            numa_node: record.numa_node.try_into().ok(),
        }
    }
}

/// What drives it.
#[derive(Debug, Serialize)]
pub struct Driver {
    /// The driver's name.
    pub name: String,
    /// Its version.
    pub version: String,
    user_space_url: String,
    user_space_license: String,
    documentation_url: String,
    open_policy: String,
    open_limit: Option<u32>,
}

impl Driver {
    /// The open policy in words, "per user 2".
    pub fn policy(&self) -> String {
        let policy = self.open_policy.replace('_', " ");
        match self.open_limit {
            // That it is one goes without saying.
            Some(1) if policy == "exclusive" => policy,
            Some(limit) => format!("{policy} {limit}"),
            None => policy,
        }
    }
}

impl From<InfoDriver> for Driver {
    fn from(record: InfoDriver) -> Self {
        Self {
            name: record.name.to_string(),
            version: record.version.to_string(),
            user_space_url: record.user_space_url.to_string(),
            user_space_license: record.user_space_license.to_string(),
            documentation_url: record.documentation_url.to_string(),
            open_policy: known(record.open_policy.name(), record.open_policy.0),
            // It is zero if any number is admitted.
            open_limit: (record.open_limit != 0).then_some(record.open_limit),
        }
    }
}

/// How it is doing.
#[derive(Debug, Serialize)]
pub struct Status {
    /// State of the device.
    pub state: String,
    /// Files that are open in the user role.
    pub users: u32,
    /// Files that are open in the observer role, our own included.
    pub observers: u32,
    registered_ns: u64,
    state_ns: u64,
    resets: u64,
    errors: u64,
    last_error: Option<LastError>,
}

/// The last error.
#[derive(Debug, Serialize)]
pub struct LastError {
    error: String,
    code: u64,
    time_ns: u64,
}

impl LastError {
    fn new(record: &InfoStatus) -> Option<Self> {
        let error = record.last_error;
        (error != DeviceError::NONE).then(|| Self {
            error: known(error.name(), error.0),
            code: record.last_error_code,
            time_ns: record.last_error_ns,
        })
    }
}

impl From<InfoStatus> for Status {
    fn from(record: InfoStatus) -> Self {
        Self {
            state: known(record.state.name(), record.state.0),
            users: record.users,
            observers: record.observers,
            registered_ns: record.registered_ns,
            state_ns: record.state_ns,
            resets: record.resets,
            errors: record.errors,
            last_error: LastError::new(&record),
        }
    }
}

/// An ioctl that it takes.
#[derive(Debug, Serialize)]
pub struct Ioctl {
    name: String,
    command: u32,
    size: u32,
    min_size: u32,
    flags: Vec<String>,
    capability: Option<String>,
    description: String,
}

impl From<InfoIoctl> for Ioctl {
    fn from(record: InfoIoctl) -> Self {
        Self {
            name: record.name.to_string(),
            command: record.command,
            size: record.size,
            min_size: record.min_size,
            flags: flags(record.flags),
            capability: capability(&record),
            description: record.description.to_string(),
        }
    }
}

/// The names of flags, and the number of each that has none.
fn flags(flags: u32) -> Vec<String> {
    let bits = (0..u32::BITS).map(|bit| 1 << bit);
    let set = bits.filter(|bit| flags & bit != 0);
    set.map(|bit| match bit {
        uapi::IOCTL_IN => "in".to_owned(),
        uapi::IOCTL_OUT => "out".to_owned(),
        uapi::IOCTL_OBSERVER => "observer".to_owned(),
        uapi::IOCTL_CAPABILITY => "capability".to_owned(),
        uapi::IOCTL_PASSTHROUGH => "passthrough".to_owned(),
        uapi::IOCTL_POWERED => "powered".to_owned(),
        uapi::IOCTL_CONFINED => "confined".to_owned(),
        other => format!("{other:#x}"),
    })
    .collect()
}

/// The capability that an ioctl needs, if it needs one.
fn capability(record: &InfoIoctl) -> Option<String> {
    let needed = record.flags & uapi::IOCTL_CAPABILITY != 0;
    let number = record.capability;
    needed.then(|| known(uapi::capability_name(number), number))
}

/// Owner of the topics that the driver adds to those of all devices.
const OWNER_DRIVER: &str = "driver";

/// A topic that it answers.
#[derive(Debug, Serialize)]
pub struct Topic {
    topic: u32,
    owner: &'static str,
    name: Option<&'static str>,
    record_size: u32,
    count: u32,
}

impl From<InfoTopic> for Topic {
    fn from(record: InfoTopic) -> Self {
        Self {
            topic: record.topic.0,
            owner: match record.topic.is_of_driver() {
                true => OWNER_DRIVER,
                false => "core",
            },
            name: record.topic.name(),
            record_size: record.record_size,
            count: record.count,
        }
    }
}

#[cfg(test)]
pub mod tests;
