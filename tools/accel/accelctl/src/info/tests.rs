// SPDX-License-Identifier: GPL-2.0

//! Tests of what `accelctl info` shows.

use super::*;
use crate::output::tests::{assert_agreement, json};
use crate::output::Report;
use accel::uapi::Text;
use serde_json::json as document;

/// A device with a topic, a flag and a member that this program does not know.
pub fn sample() -> DeviceInfo {
    let device = InfoDevice {
        minor: 0,
        vendor: 0x1234,
        device: 0x11e8,
        subsystem_vendor: 0x1af4,
        subsystem_device: 0x1100,
        revision: 0x10,
        numa_node: -1,
        bus: Text::new("pci"),
        address: Text::new("0000:00:04.0"),
        ..InfoDevice::default()
    };
    let driver = InfoDriver {
        name: Text::new("accel_edu"),
        version: Text::new("1.2"),
        user_space_url: Text::new("https://example.org/tool"),
        user_space_license: Text::new("GPL-2.0"),
        documentation_url: Text::default(),
    };
    let status = InfoStatus {
        state: State::RUNNING,
        users: 3,
        observers: 1,
        registered_ns: 12_345_678_901,
        ..InfoStatus::default()
    };
    DeviceInfo {
        device: Some(device.into()),
        driver: Some(driver.into()),
        status: Some(status.into()),
        ioctls: Some(vec![ioctl(uapi::IOCTL_IN | uapi::IOCTL_OUT | 8).into()]),
        topics: Some(vec![topic(11, 192, 1).into(), topic(0x8000, 24, 7).into()]),
        ..DeviceInfo::new("/dev/accelerator/accel0".as_ref())
    }
}

fn ioctl(flags: u32) -> InfoIoctl {
    InfoIoctl {
        command: 0x9b40,
        size: 16,
        min_size: 12,
        flags,
        name: Text::new("ACCEL_EDU_IOC_FACTORIAL"),
        description: Text::new("compute a factorial"),
    }
}

fn topic(topic: u32, record_size: u32, count: u32) -> InfoTopic {
    InfoTopic {
        topic: uapi::Topic(topic),
        record_size,
        count,
        reserved: 0,
    }
}

fn info() -> Info {
    let unknown = DeviceInfo::new("/dev/accelerator/accel1".as_ref());
    Info {
        devices: vec![sample(), unknown],
    }
}

#[test]
fn text() {
    assert_eq!(
        info().text(),
        "\
/dev/accelerator/accel0
  device
    minor             0
    bus               pci
    address           0000:00:04.0
    vendor            0x1234
    device            0x11e8
    subsystem_vendor  0x1af4
    subsystem_device  0x1100
    revision          0x10
    numa_node         -
  driver
    name                accel_edu
    version             1.2
    user_space_url      https://example.org/tool
    user_space_license  GPL-2.0
    documentation_url   -
  status
    state          running
    users          3
    observers      1
    registered_ns  12345678901
  ioctls
    NAME                     COMMAND  SIZE  MIN_SIZE  FLAGS       DESCRIPTION
    ACCEL_EDU_IOC_FACTORIAL  0x9b40   16    12        in,out,0x8  compute a factorial
  topics
    TOPIC  NAME  RECORD_SIZE  COUNT
    11     UAPI  192          1
    32768  -     24           7

/dev/accelerator/accel1
  device  -
  driver  -
  status  -
  ioctls  -
  topics  -
"
    );
}

#[test]
fn json_document() {
    let document = json(&info());
    assert_eq!(document["schema"], 1);
    let device = &document["devices"][0];
    assert_eq!(device["node"], "/dev/accelerator/accel0");
    assert_eq!(device["device"]["vendor"], 0x1234);
    assert_eq!(device["device"]["numa_node"], document!(null));
    assert_eq!(device["driver"]["documentation_url"], "");
    assert_eq!(device["status"]["registered_ns"], 12_345_678_901_u64);
    assert_eq!(
        device["ioctls"],
        document!([{
            "name": "ACCEL_EDU_IOC_FACTORIAL",
            "command": 0x9b40,
            "size": 16,
            "min_size": 12,
            "flags": ["in", "out", "0x8"],
            "description": "compute a factorial",
        }])
    );
    assert_eq!(
        device["topics"],
        document!([
            { "topic": 11, "name": "UAPI", "record_size": 192, "count": 1 },
            { "topic": 32768, "name": null, "record_size": 24, "count": 7 },
        ])
    );
    let unknown = &document["devices"][1];
    assert_eq!(unknown["ioctls"], document!(null));
}

#[test]
fn text_and_json_agree() {
    assert_agreement(&info());
}

#[test]
fn a_numa_node_is_shown() {
    let device = InfoDevice {
        numa_node: 1,
        ..InfoDevice::default()
    };
    assert_eq!(Device::from(device).numa_node, Some(1));
}

#[test]
fn an_unknown_state_has_its_number() {
    assert_eq!(state(State::RUNNING), "running");
    assert_eq!(state(State(3)), "unknown(3)");
}

#[test]
fn flags_have_names() {
    assert_eq!(flags(0), Vec::<String>::new());
    assert_eq!(flags(7), ["in", "out", "observer"]);
    assert_eq!(flags(1 << 31), ["0x80000000"]);
}
