// SPDX-License-Identifier: GPL-2.0

//! What a device can be asked about.

use std::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a device can be asked about, `enum accel_info_topic_id`.
///
/// A number and not a Rust enum, since a kernel may have topics that this
/// crate does not know.
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct Topic(pub u32);

impl Topic {
    /// The topics that this device answers, [`InfoTopic`].
    pub const LIST: Self = Self(0);
    /// What the device is, [`InfoDevice`].
    pub const DEVICE: Self = Self(1);
    /// What drives it, [`InfoDriver`].
    pub const DRIVER: Self = Self(2);
    /// What runs on it, [`InfoFirmware`].
    pub const FIRMWARE: Self = Self(3);
    /// What it can do at the same time, [`InfoEngine`].
    pub const ENGINES: Self = Self(4);
    /// Where the memory of buffers comes from, [`InfoMemory`].
    pub const MEMORY: Self = Self(5);
    /// Its clocks, [`InfoClock`].
    pub const CLOCKS: Self = Self(6);
    /// What it has done, [`InfoUsage`].
    pub const USAGE: Self = Self(7);
    /// How it is doing, [`InfoStatus`].
    pub const STATUS: Self = Self(8);
    /// Its sensors, [`InfoSensor`].
    pub const SENSORS: Self = Self(9);
    /// Who has it open, [`InfoClient`].
    pub const CLIENTS: Self = Self(10);
    /// The ioctls that it takes, [`InfoIoctl`].
    pub const UAPI: Self = Self(11);
    /// The first of the driver's own topics, which its header documents.
    pub const DRIVER_BASE: Self = Self(0x8000);

    /// Whether the topic belongs to the driver, so that its number means
    /// something else with every driver.
    pub fn is_of_driver(self) -> bool {
        self.0 >= Self::DRIVER_BASE.0
    }

    /// The name in the C header without its prefix, or [`None`] if this crate
    /// does not know the topic.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::LIST => Some("LIST"),
            Self::DEVICE => Some("DEVICE"),
            Self::DRIVER => Some("DRIVER"),
            Self::FIRMWARE => Some("FIRMWARE"),
            Self::ENGINES => Some("ENGINES"),
            Self::MEMORY => Some("MEMORY"),
            Self::CLOCKS => Some("CLOCKS"),
            Self::USAGE => Some("USAGE"),
            Self::STATUS => Some("STATUS"),
            Self::SENSORS => Some("SENSORS"),
            Self::CLIENTS => Some("CLIENTS"),
            Self::UAPI => Some("UAPI"),
            _ => None,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => self.0.fmt(f),
        }
    }
}

/// A record of an information topic, as this program was compiled with it.
///
/// The kernel's own may be larger or smaller; it cuts it or fills it up with
/// zeros. So a record may only grow at its end, and zero in a member must mean
/// that nothing is known.
pub trait Record: FromBytes + Immutable + KnownLayout {
    /// The topic whose records these are.
    const TOPIC: Topic;
}

/// Record of [`Topic::LIST`], `struct accel_info_topic`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InfoTopic {
    /// The topic.
    pub topic: Topic,
    /// Size of one of its records in the kernel, in bytes.
    pub record_size: u32,
    /// How many records it has now.
    pub count: u32,
    /// Zero.
    pub reserved: u32,
}

impl Record for InfoTopic {
    const TOPIC: Topic = Topic::LIST;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_from_the_base_on_are_the_drivers() {
        assert!(!Topic(0x7fff).is_of_driver());
        assert!(Topic::DRIVER_BASE.is_of_driver());
        assert!(Topic(u32::MAX).is_of_driver());
        assert_eq!(Topic::DRIVER_BASE.name(), None);
    }
}
