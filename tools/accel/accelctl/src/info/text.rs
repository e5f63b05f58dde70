// SPDX-License-Identifier: GPL-2.0

//! The text of `accelctl info`. Each value has the name that it has in JSON,
//! without the unit if that is with the value.

use std::fmt;

use super::hardware::{Clock, Engine, Firmware, Memory, Sensor, Unit, Usage};
use super::{Device, DeviceInfo, Driver, Info, Ioctl, LastError, Status, Topic, OWNER_DRIVER};
use crate::clients::Client;
use crate::output::Report;
use crate::table::{cell, fields, table};
use crate::units::{current, duration, frequency, power, size, temperature, voltage};

/// Of what belongs to a device, and to a topic of it.
const INDENT: [&str; 2] = ["  ", "    "];

impl Report for Info {
    fn text(&self) -> String {
        let texts: Vec<_> = self.devices.iter().map(DeviceInfo::text).collect();
        texts.join("\n")
    }
}

impl DeviceInfo {
    fn text(&self) -> String {
        [
            format!("{}\n", self.node),
            section("device", self.device.as_ref().map(Device::text)),
            section("driver", self.driver.as_ref().map(Driver::text)),
            list("firmware", self.firmware.as_deref(), firmware),
            list("engines", self.engines.as_deref(), engines),
            list("memory", self.memory.as_deref(), memory),
            list("clocks", self.clocks.as_deref(), clocks),
            section("usage", self.usage.as_ref().map(Usage::text)),
            section("status", self.status.as_ref().map(Status::text)),
            list("sensors", self.sensors.as_deref(), sensors),
            list("clients", self.clients.as_deref(), clients),
            list("ioctls", self.ioctls.as_deref(), ioctls),
            list("topics", self.topics.as_deref(), topics),
        ]
        .concat()
    }
}

fn section(name: &str, text: Option<String>) -> String {
    match text {
        Some(text) => format!("{}{name}\n{text}", INDENT[0]),
        None => format!("{}{name}  {}\n", INDENT[0], cell(None::<u32>)),
    }
}

/// A section of a topic that may be without content; then there is none.
fn list<T>(name: &str, records: Option<&[T]>, text: impl FnOnce(&[T]) -> String) -> String {
    match records {
        Some([]) => String::new(),
        records => section(name, records.map(text)),
    }
}

impl Device {
    fn text(&self) -> String {
        fields(
            INDENT[1],
            [
                ("minor", self.minor.to_string()),
                ("bus", cell(Some(&self.bus))),
                ("address", cell(Some(&self.address))),
                ("vendor", format!("{:#06x}", self.vendor)),
                ("device", format!("{:#06x}", self.device)),
                (
                    "subsystem_vendor",
                    format!("{:#06x}", self.subsystem_vendor),
                ),
                (
                    "subsystem_device",
                    format!("{:#06x}", self.subsystem_device),
                ),
                ("revision", format!("{:#x}", self.revision)),
                ("numa_node", cell(self.numa_node)),
            ],
        )
    }
}

impl Driver {
    fn text(&self) -> String {
        fields(
            INDENT[1],
            [
                ("name", cell(Some(&self.name))),
                ("version", cell(Some(&self.version))),
                ("user_space_url", cell(Some(&self.user_space_url))),
                ("user_space_license", cell(Some(&self.user_space_license))),
                ("documentation_url", cell(Some(&self.documentation_url))),
                ("open_policy", self.policy()),
            ],
        )
    }
}

fn firmware(firmware: &[Firmware]) -> String {
    let rows = firmware
        .iter()
        .map(|it| [cell(Some(&it.name)), cell(Some(&it.version))]);
    table(INDENT[1], ["NAME", "VERSION"], rows)
}

fn engines(engines: &[Engine]) -> String {
    let rows = engines.iter().map(|engine| {
        [
            cell(Some(&engine.name)),
            engine.engine_class.clone(),
            engine.count.to_string(),
        ]
    });
    table(INDENT[1], ["NAME", "ENGINE_CLASS", "COUNT"], rows)
}

fn memory(regions: &[Memory]) -> String {
    let rows = regions.iter().map(|region| {
        [
            cell(Some(&region.name)),
            region.kind.clone(),
            cell(region.total_bytes.map(size)),
            size(region.in_use_bytes),
        ]
    });
    table(INDENT[1], ["NAME", "KIND", "TOTAL", "IN_USE"], rows)
}

fn clocks(clocks: &[Clock]) -> String {
    let rows = clocks.iter().map(|clock| {
        [
            cell(Some(&clock.name)),
            frequency(clock.current_hz),
            frequency(clock.max_hz),
        ]
    });
    table(INDENT[1], ["NAME", "CURRENT", "MAX"], rows)
}

impl Usage {
    fn text(&self) -> String {
        fields(
            INDENT[1],
            [
                ("busy", duration(self.busy_ns)),
                ("submitted", self.submitted.to_string()),
                ("completed", self.completed.to_string()),
            ],
        )
    }
}

fn sensors(sensors: &[Sensor]) -> String {
    let rows = sensors.iter().map(|sensor| {
        let in_unit: fn(i64) -> String = match sensor.unit {
            Unit::Power => power,
            Unit::Temperature => temperature,
            Unit::Voltage => voltage,
            Unit::Current => current,
            Unit::Fan => |rpm| format!("{rpm} rpm"),
            Unit::Unknown => |value| value.to_string(),
        };
        let limit = |limit: Option<i64>| limit.map_or_else(|| "-".to_owned(), in_unit);
        [
            cell(Some(&sensor.name)),
            sensor.quantity.clone(),
            in_unit(sensor.value),
            limit(sensor.max),
            limit(sensor.critical),
        ]
    });
    table(
        INDENT[1],
        ["NAME", "QUANTITY", "VALUE", "MAX", "CRITICAL"],
        rows,
    )
}

impl Status {
    fn text(&self) -> String {
        fields(
            INDENT[1],
            [
                ("state", self.state.clone()),
                ("users", self.users.to_string()),
                ("observers", self.observers.to_string()),
                ("registered_ns", self.registered_ns.to_string()),
                ("state_ns", self.state_ns.to_string()),
                ("resets", self.resets.to_string()),
                ("errors", self.errors.to_string()),
                ("last_error", cell(self.last_error.as_ref())),
            ],
        )
    }
}

impl fmt::Display for LastError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            error,
            code,
            time_ns,
        } = self;
        write!(f, "{error}, code {code:#x}, at {time_ns}")
    }
}

fn clients(clients: &[Client]) -> String {
    let headings = ["ID", "ROLE", "UID", "USER", "PID", "SINCE_NS", "COMMAND"];
    let rows = clients.iter().map(|client| {
        let [id, role, uid, user, pid, command] = client.cells();
        let since = client.since_ns.to_string();
        [id, role, uid, user, pid, since, command]
    });
    table(INDENT[1], headings, rows)
}

fn ioctls(ioctls: &[Ioctl]) -> String {
    let headings = [
        "NAME",
        "COMMAND",
        "SIZE",
        "MIN_SIZE",
        "FLAGS",
        "CAPABILITY",
        "DESCRIPTION",
    ];
    let rows = ioctls.iter().map(|ioctl| {
        [
            cell(Some(&ioctl.name)),
            format!("{:#06x}", ioctl.command),
            ioctl.size.to_string(),
            ioctl.min_size.to_string(),
            cell(Some(ioctl.flags.join(","))),
            cell(ioctl.capability.as_ref()),
            cell(Some(&ioctl.description)),
        ]
    });
    table(INDENT[1], headings, rows)
}

fn topics(topics: &[Topic]) -> String {
    let headings = ["TOPIC", "OWNER", "NAME", "RECORD_SIZE", "COUNT"];
    let rows = topics.iter().map(|topic| {
        // As the headers write them.
        let number = match topic.owner {
            OWNER_DRIVER => format!("{:#x}", topic.topic),
            _ => topic.topic.to_string(),
        };
        [
            number,
            topic.owner.to_owned(),
            cell(topic.name),
            topic.record_size.to_string(),
            topic.count.to_string(),
        ]
    });
    table(INDENT[1], headings, rows)
}
