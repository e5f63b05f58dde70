// SPDX-License-Identifier: GPL-2.0

//! What `accelctl list` shows.

use serde::Serialize;

use crate::info::DeviceInfo;
use crate::output::Report;
use crate::table::{cell, table};

/// All devices.
#[derive(Debug, Serialize)]
pub struct List {
    /// By minor number.
    pub devices: Vec<Row>,
}

/// The most important of a device.
#[derive(Debug, Serialize)]
pub struct Row {
    node: String,
    driver: Option<String>,
    version: Option<String>,
    bus: Option<String>,
    address: Option<String>,
    state: Option<String>,
    users: Option<u32>,
    observers: Option<u32>,
}

impl From<DeviceInfo> for Row {
    fn from(info: DeviceInfo) -> Self {
        let (driver, version) = info.driver.map(|it| (it.name, it.version)).unzip();
        let (bus, address) = info.device.map(|it| (it.bus, it.address)).unzip();
        let status = info.status.as_ref();
        Self {
            node: info.node,
            driver,
            version,
            bus,
            address,
            users: status.map(|it| it.users),
            observers: status.map(|it| it.observers),
            state: info.status.map(|it| it.state),
        }
    }
}

impl Report for List {
    fn text(&self) -> String {
        let headings = [
            "NODE",
            "DRIVER",
            "VERSION",
            "BUS",
            "ADDRESS",
            "STATE",
            "USERS",
            "OBSERVERS",
        ];
        let rows = self.devices.iter().map(|row| {
            [
                row.node.clone(),
                cell(row.driver.as_ref()),
                cell(row.version.as_ref()),
                cell(row.bus.as_ref()),
                cell(row.address.as_ref()),
                cell(row.state.as_ref()),
                cell(row.users),
                cell(row.observers),
            ]
        });
        table("", headings, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::tests::sample;
    use crate::output::tests::{assert_agreement, json};
    use serde_json::json as document;

    fn list() -> List {
        let unknown = DeviceInfo::new("/dev/accelerator/accel1".as_ref());
        let devices = vec![sample().into(), unknown.into()];
        List { devices }
    }

    #[test]
    fn text() {
        assert_eq!(
            list().text(),
            "\
NODE                     DRIVER     VERSION  BUS  ADDRESS       STATE    USERS  OBSERVERS
/dev/accelerator/accel0  accel_edu  1.2      pci  0000:00:04.0  running  3      1
/dev/accelerator/accel1  -          -        -    -             -        -      -
"
        );
    }

    #[test]
    fn json_document() {
        let expected = document!({
            "schema": 1,
            "devices": [
                {
                    "node": "/dev/accelerator/accel0",
                    "driver": "accel_edu",
                    "version": "1.2",
                    "bus": "pci",
                    "address": "0000:00:04.0",
                    "state": "running",
                    "users": 3,
                    "observers": 1,
                },
                {
                    "node": "/dev/accelerator/accel1",
                    "driver": null,
                    "version": null,
                    "bus": null,
                    "address": null,
                    "state": null,
                    "users": null,
                    "observers": null,
                },
            ],
        });
        assert_eq!(json(&list()), expected);
    }

    #[test]
    fn text_and_json_agree() {
        assert_agreement(&list());
    }

    #[test]
    fn nothing_is_an_empty_list() {
        let list = List { devices: vec![] };
        assert_eq!(list.text().lines().count(), 1);
        assert_eq!(json(&list), document!({ "schema": 1, "devices": [] }));
    }
}
