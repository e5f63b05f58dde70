// SPDX-License-Identifier: GPL-2.0

//! Tests of what `accelctl info` shows.

mod sample;

use self::sample::{info, ioctl, passthrough};
use super::*;
use crate::output::tests::{assert_agreement, json};
use crate::output::Report;
use accel::uapi::{OpenPolicy, State};
use serde_json::json as document;

pub use self::sample::sample;

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
    open_policy         limited 2
  firmware
    NAME  VERSION
    boot  7.0-rc1
  engines
    NAME    ENGINE_CLASS  COUNT
    matrix  compute       14
    video   unknown(77)   1
  memory
    NAME    KIND        TOTAL   IN_USE
    system  system      -       20 KiB
    board   unknown(9)  16 GiB  1.5 GiB
  clocks
    NAME    CURRENT  MAX
    shader  450 MHz  1.2 GHz
  usage
    busy       62.5 s
    submitted  43
    completed  42
  status
    state          running
    users          3
    observers      1
    registered_ns  12345678901
    state_ns       23456789012
    resets         2
    errors         5
    last_error     timeout, code 0x11, at 23456000000
  sensors
    NAME     QUANTITY     VALUE      MAX       CRITICAL
    board    power        15.250 W   25.000 W  -
    outside  temperature  -5.500 °C  -         -
    core     voltage      0.850 V    0.900 V   0.950 V
    fan      unknown(5)   1900       -         -
  clients
    ID  ROLE      UID   USER   PID  SINCE_NS     COMMAND
    3   user      1000  alice  412  2000000000   train it
    5   observer  1001  -      -    70000000000  -
  ioctls
    NAME                     COMMAND  SIZE  MIN_SIZE  FLAGS                      CAPABILITY     DESCRIPTION
    ACCEL_EDU_IOC_FACTORIAL  0x9b40   16    12        in,out,0x80000000          -              compute a factorial
    ACCEL_EDU_IOC_RAW        0x9b45   16    12        in,capability,passthrough  CAP_SYS_RAWIO  hand it over
  topics
    TOPIC   OWNER   NAME  RECORD_SIZE  COUNT
    11      core    UAPI  200          2
    32767   core    -     8            0
    0x8000  driver  -     24           7

/dev/accelerator/accel1
  device  -
  driver  -
  firmware  -
  engines  -
  memory  -
  clocks  -
  usage  -
  status  -
  sensors  -
  clients  -
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
    assert_eq!(device["driver"]["open_policy"], "limited");
    assert_eq!(device["driver"]["open_limit"], 2);
    assert_eq!(device["status"]["registered_ns"], 12_345_678_901_u64);
    assert_eq!(
        device["status"]["last_error"],
        document!({ "error": "timeout", "code": 17, "time_ns": 23_456_000_000_u64 })
    );
    assert_eq!(
        device["firmware"],
        document!([{ "name": "boot", "version": "7.0-rc1" }])
    );
    assert_eq!(
        device["engines"],
        document!([
            { "name": "matrix", "engine_class": "compute", "count": 14 },
            { "name": "video", "engine_class": "unknown(77)", "count": 1 },
        ])
    );
    assert_eq!(
        device["memory"],
        document!([
            {
                "name": "system",
                "kind": "system",
                "total_bytes": null,
                "in_use_bytes": 20_480,
            },
            {
                "name": "board",
                "kind": "unknown(9)",
                "total_bytes": 16_u64 << 30,
                "in_use_bytes": 3_u64 << 29,
            },
        ])
    );
    assert_eq!(
        device["clocks"],
        document!([
            { "name": "shader", "current_hz": 450_000_000, "max_hz": 1_200_000_000 },
        ])
    );
    assert_eq!(
        device["usage"],
        document!({ "busy_ns": 62_500_000_001_u64, "submitted": 43, "completed": 42 })
    );
    assert_eq!(
        device["sensors"],
        document!([
            { "name": "board", "quantity": "power", "value_uw": 15_250_000, "max_uw": 25_000_000 },
            { "name": "outside", "quantity": "temperature", "value_mc": -5500 },
            {
                "name": "core", "quantity": "voltage", "value_mv": 850,
                "max_mv": 900, "critical_mv": 950,
            },
            { "name": "fan", "quantity": "unknown(5)", "value": 1900 },
        ])
    );
    assert_eq!(
        device["clients"][1],
        document!({
            "id": 5,
            "role": "observer",
            "uid": 1001,
            "user": null,
            "pid": null,
            "command": null,
            "since_ns": 70_000_000_000_u64,
        })
    );
    assert_eq!(
        device["ioctls"],
        document!([
            {
                "name": "ACCEL_EDU_IOC_FACTORIAL",
                "command": 0x9b40,
                "size": 16,
                "min_size": 12,
                "flags": ["in", "out", "0x80000000"],
                "capability": null,
                "description": "compute a factorial",
            },
            {
                "name": "ACCEL_EDU_IOC_RAW",
                "command": 0x9b45,
                "size": 16,
                "min_size": 12,
                "flags": ["in", "capability", "passthrough"],
                "capability": "CAP_SYS_RAWIO",
                "description": "hand it over",
            },
        ])
    );
    assert_eq!(
        device["topics"],
        document!([
            { "topic": 11, "owner": "core", "name": "UAPI", "record_size": 200, "count": 2 },
            { "topic": 32767, "owner": "core", "name": null, "record_size": 8, "count": 0 },
            { "topic": 32768, "owner": "driver", "name": null, "record_size": 24, "count": 7 },
        ])
    );
    let unknown = &document["devices"][1];
    assert_eq!(unknown["clients"], document!(null));
    assert_eq!(unknown["ioctls"], document!(null));
    assert_eq!(unknown["usage"], document!(null));
    assert_eq!(unknown["sensors"], document!(null));
}

#[test]
fn topics_without_content_are_left_out_of_the_text() {
    let info = Info {
        devices: vec![DeviceInfo {
            firmware: Some(vec![]),
            engines: Some(vec![]),
            memory: Some(vec![]),
            clocks: Some(vec![]),
            sensors: Some(vec![]),
            ..sample()
        }],
    };
    let text = info.text();
    let headings: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .collect();
    let left = [
        "device", "driver", "usage", "status", "clients", "ioctls", "topics",
    ];
    assert_eq!(headings, left);
    let document = json(&info);
    for topic in ["firmware", "engines", "memory", "clocks", "sensors"] {
        assert_eq!(document["devices"][0][topic], document!([]), "{topic}");
    }
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
    let state = |state: State| known(state.name(), state.0);
    assert_eq!(state(State::RUNNING), "running");
    assert_eq!(state(State(9)), "unknown(9)");
}

#[test]
fn policies_have_words() {
    let driver = |open_policy, open_limit| {
        Driver::from(InfoDriver {
            open_policy,
            open_limit,
            ..InfoDriver::default()
        })
    };
    let words = |policy, limit| driver(policy, limit).policy();
    assert_eq!(words(OpenPolicy::SHARED, 0), "shared");
    assert_eq!(words(OpenPolicy::EXCLUSIVE, 1), "exclusive");
    assert_eq!(words(OpenPolicy::LIMITED, 2), "limited 2");
    assert_eq!(words(OpenPolicy::PER_USER, 2), "per user 2");
    assert_eq!(words(OpenPolicy(9), 3), "unknown(9) 3");
    assert_eq!(driver(OpenPolicy::SHARED, 0).open_limit, None);
    assert_eq!(driver(OpenPolicy::PER_USER, 2).open_policy, "per_user");
}

#[test]
fn a_capability_counts_only_with_its_flag() {
    let record = |capability| InfoIoctl {
        capability,
        ..passthrough()
    };
    assert_eq!(capability(&record(0)).unwrap(), "CAP_CHOWN");
    assert_eq!(capability(&record(63)).unwrap(), "unknown(63)");
    assert_eq!(capability(&ioctl(uapi::IOCTL_IN)), None);
}

#[test]
fn flags_have_names() {
    assert_eq!(flags(0), Vec::<String>::new());
    let all = [
        "in",
        "out",
        "observer",
        "capability",
        "passthrough",
        "powered",
    ];
    assert_eq!(flags(0x3f), all);
    assert_eq!(flags(1 << 31), ["0x80000000"]);
}
