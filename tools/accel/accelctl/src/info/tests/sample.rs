// SPDX-License-Identifier: GPL-2.0

//! A device as it may be, for tests.

use crate::clients::tests::{hidden, users, visible};
use crate::info::*;
use accel::uapi::{
    EngineClass, InfoClock, InfoEngine, InfoFirmware, InfoMemory, InfoSensor, InfoUsage, MemoryKind,
};
use accel::uapi::{OpenPolicy, Quantity, State, Text};

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
        open_policy: OpenPolicy::LIMITED,
        open_limit: 2,
    };
    let status = InfoStatus {
        state: State::RUNNING,
        users: 3,
        observers: 1,
        registered_ns: 12_345_678_901,
        state_ns: 23_456_789_012,
        resets: 2,
        errors: 5,
        last_error: DeviceError::TIMEOUT,
        last_error_code: 17,
        last_error_ns: 23_456_000_000,
    };
    DeviceInfo {
        device: Some(device.into()),
        driver: Some(driver.into()),
        firmware: Some(vec![firmware().into()]),
        engines: Some(engines().map(Into::into).into()),
        memory: Some(memory().map(Into::into).into()),
        clocks: Some(vec![clock().into()]),
        usage: Some(usage().into()),
        status: Some(status.into()),
        sensors: Some(sensors().map(Into::into).into()),
        clients: Some([visible(), hidden()].map(client).into()),
        ioctls: Some(vec![
            ioctl(uapi::IOCTL_IN | uapi::IOCTL_OUT | (1 << 31)).into(),
            passthrough().into(),
        ]),
        topics: Some(topics().map(Into::into).into()),
        ..DeviceInfo::new("/dev/accelerator/accel0".as_ref())
    }
}

fn firmware() -> InfoFirmware {
    InfoFirmware {
        name: Text::new("boot"),
        version: Text::new("7.0-rc1"),
    }
}

fn engines() -> [InfoEngine; 2] {
    let engine = |name, engine_class, count| InfoEngine {
        name: Text::new(name),
        engine_class,
        count,
    };
    [
        engine("matrix", EngineClass::COMPUTE, 14),
        engine("video", EngineClass(77), 1),
    ]
}

fn memory() -> [InfoMemory; 2] {
    let memory = |name, kind, total, in_use| InfoMemory {
        name: Text::new(name),
        kind,
        total,
        in_use,
        ..InfoMemory::default()
    };
    [
        memory("system", MemoryKind::SYSTEM, 0, 20_480),
        memory("board", MemoryKind(9), 16 << 30, 3 << 29),
    ]
}

fn clock() -> InfoClock {
    InfoClock {
        name: Text::new("shader"),
        current_hz: 450_000_000,
        max_hz: 1_200_000_000,
    }
}

fn usage() -> InfoUsage {
    InfoUsage {
        busy_ns: 62_500_000_001,
        submitted: 43,
        completed: 42,
    }
}

fn sensors() -> [InfoSensor; 4] {
    let sensor = |name, quantity, value| InfoSensor {
        name: Text::new(name),
        quantity,
        value,
        ..InfoSensor::default()
    };
    [
        InfoSensor {
            flags: InfoSensor::MAX,
            max: 25_000_000,
            ..sensor("board", Quantity::POWER, 15_250_000)
        },
        sensor("outside", Quantity::TEMPERATURE, -5_500),
        InfoSensor {
            flags: InfoSensor::MAX | InfoSensor::CRITICAL,
            max: 900,
            critical: 950,
            ..sensor("core", Quantity::VOLTAGE, 850)
        },
        sensor("fan", Quantity(5), 1900),
    ]
}

fn topics() -> [InfoTopic; 3] {
    [topic(11, 200, 2), topic(0x7fff, 8, 0), topic(0x8000, 24, 7)]
}

fn client(record: uapi::InfoClient) -> Client {
    Client::new(&record, &users())
}

pub fn ioctl(flags: u32) -> InfoIoctl {
    InfoIoctl {
        command: 0x9b40,
        size: 16,
        min_size: 12,
        flags,
        name: Text::new("ACCEL_EDU_IOC_FACTORIAL"),
        description: Text::new("compute a factorial"),
        ..InfoIoctl::default()
    }
}

pub fn passthrough() -> InfoIoctl {
    InfoIoctl {
        command: 0x9b45,
        capability: 17,
        name: Text::new("ACCEL_EDU_IOC_RAW"),
        description: Text::new("hand it over"),
        ..ioctl(uapi::IOCTL_IN | uapi::IOCTL_CAPABILITY | uapi::IOCTL_PASSTHROUGH)
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

pub fn info() -> Info {
    let unknown = DeviceInfo::new("/dev/accelerator/accel1".as_ref());
    Info {
        devices: vec![sample(), unknown],
    }
}
