// SPDX-License-Identifier: GPL-2.0

//! Mirror of `include/uapi/accel/accel.h`.
//!
//! Members have the names, units and meaning that the C header gives them.

mod capability;
mod hardware;
mod text;
mod topic;

pub use capability::{capability_name, CAPABILITIES};
pub use hardware::{
    EngineClass, InfoClock, InfoEngine, InfoFirmware, InfoMemory, InfoSensor, InfoUsage,
    MemoryKind, Quantity,
};
pub use text::Text;
pub use topic::{InfoTopic, Record, Topic};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The ioctl type of all accelerator devices, `ACCEL_IOC_TYPE`.
pub const IOC_TYPE: u8 = 0x9b;

/// The first command number that belongs to the driver, `ACCEL_IOC_DRIVER_BASE`.
pub const IOC_DRIVER_BASE: u8 = 0x40;

/// The first command number behind the driver's, `ACCEL_IOC_DRIVER_END`.
pub const IOC_DRIVER_END: u8 = 0xc0;

/// The command number of `ACCEL_IOC_INFO`.
pub const IOC_INFO: u8 = 0x00;

/// State of a device, `enum accel_state`.
///
/// A number and not a Rust enum, for the same reason as [`Topic`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct State(pub u32);

impl State {
    /// Takes work.
    pub const RUNNING: Self = Self(0);
    /// Is being reset; calls of users wait until that is over.
    pub const RESETTING: Self = Self(1);
    /// Takes no work any more.
    pub const WEDGED: Self = Self(2);
    /// Is not there any more; only events say so.
    pub const GONE: Self = Self(3);

    /// The name in the C header without its prefix in lower case, or [`None`]
    /// if this crate does not know the state.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::RUNNING => Some("running"),
            Self::RESETTING => Some("resetting"),
            Self::WEDGED => Some("wedged"),
            Self::GONE => Some("gone"),
            _ => None,
        }
    }
}

/// What went wrong with a device, `enum accel_error`.
///
/// A number and not a Rust enum, for the same reason as [`Topic`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct DeviceError(pub u32);

impl DeviceError {
    /// Nothing so far.
    pub const NONE: Self = Self(0);
    /// The hardware.
    pub const HARDWARE: Self = Self(1);
    /// The firmware.
    pub const FIRMWARE: Self = Self(2);
    /// Work was not done in its time.
    pub const TIMEOUT: Self = Self(3);
    /// The device could not be reset.
    pub const RESET_FAILED: Self = Self(4);
    /// The device needed too many resets in a short time.
    pub const RESET_STORM: Self = Self(5);
    /// The device could not be put to sleep, or be woken.
    pub const POWER_FAILED: Self = Self(6);
    /// The bus has found an error of the device, or of the way to it.
    pub const BUS: Self = Self(7);

    /// The name in the C header without its prefix in lower case, or [`None`]
    /// if this crate does not know the error.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::NONE => Some("none"),
            Self::HARDWARE => Some("hardware"),
            Self::FIRMWARE => Some("firmware"),
            Self::TIMEOUT => Some("timeout"),
            Self::RESET_FAILED => Some("reset_failed"),
            Self::RESET_STORM => Some("reset_storm"),
            Self::POWER_FAILED => Some("power_failed"),
            Self::BUS => Some("bus"),
            _ => None,
        }
    }
}

/// Whom a driver admits as users, `enum accel_open_policy`.
///
/// A number and not a Rust enum, for the same reason as [`Topic`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct OpenPolicy(pub u32);

impl OpenPolicy {
    /// Everybody.
    pub const SHARED: Self = Self(0);
    /// One at a time.
    pub const EXCLUSIVE: Self = Self(1);
    /// [`InfoDriver::open_limit`] at a time.
    pub const LIMITED: Self = Self(2);
    /// [`InfoDriver::open_limit`] at a time of each effective user id.
    pub const PER_USER: Self = Self(3);

    /// The name in the C header without its prefix in lower case, or [`None`]
    /// if this crate does not know the policy.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::SHARED => Some("shared"),
            Self::EXCLUSIVE => Some("exclusive"),
            Self::LIMITED => Some("limited"),
            Self::PER_USER => Some("per_user"),
            _ => None,
        }
    }
}

/// Role of a file that is open, `enum accel_role`; [`Role`](crate::Role) is
/// what to open one in.
///
/// A number and not a Rust enum, for the same reason as [`Topic`].
#[derive(
    Debug, Default, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct ClientRole(pub u32);

impl ClientRole {
    /// Opened `O_RDONLY`.
    pub const OBSERVER: Self = Self(0);
    /// Opened `O_RDWR`.
    pub const USER: Self = Self(1);

    /// The name in the C header without its prefix in lower case, or [`None`]
    /// if this crate does not know the role.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::OBSERVER => Some("observer"),
            Self::USER => Some("user"),
            _ => None,
        }
    }
}

/// Flag of [`InfoIoctl::flags`]: the structure carries arguments to the kernel.
pub const IOCTL_IN: u32 = 1 << 0;

/// Flag of [`InfoIoctl::flags`]: the structure carries results back.
pub const IOCTL_OUT: u32 = 1 << 1;

/// Flag of [`InfoIoctl::flags`]: observers may call it.
pub const IOCTL_OBSERVER: u32 = 1 << 2;

/// Flag of [`InfoIoctl::flags`]: the caller needs [`InfoIoctl::capability`].
pub const IOCTL_CAPABILITY: u32 = 1 << 3;

/// Flag of [`InfoIoctl::flags`]: it hands an opaque payload to the device or
/// its firmware, which the owner of the machine may forbid.
pub const IOCTL_PASSTHROUGH: u32 = 1 << 4;

/// Flag of [`InfoIoctl::flags`]: the device is woken for it, if it is asleep.
pub const IOCTL_POWERED: u32 = 1 << 5;

/// Flag of [`InfoIoctl::flags`]: it hands an opaque payload to the device,
/// which keeps that to what the file has been given.
pub const IOCTL_CONFINED: u32 = 1 << 6;

/// Argument of `ACCEL_IOC_INFO`, `struct accel_info`.
///
/// [`Device::info`](crate::Device::info) fills it in; there is no safe way to
/// pass one to the kernel directly, since it carries a pointer.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
#[expect(missing_docs, reason = "the members are described in the C header")]
pub struct Info {
    pub size: u32,
    pub topic: Topic,
    pub index: u32,
    pub flags: u32,
    pub data_ptr: u64,
    pub data_len: u64,
    pub record_size: u32,
    pub count: u32,
}

/// Record of [`Topic::DEVICE`], `struct accel_info_device`.
///
/// All ids are zero if the bus has none.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InfoDevice {
    /// N of accelN.
    pub minor: u32,
    /// Vendor id.
    pub vendor: u32,
    /// Device id.
    pub device: u32,
    /// Subsystem vendor id.
    pub subsystem_vendor: u32,
    /// Subsystem device id.
    pub subsystem_device: u32,
    /// Revision.
    pub revision: u32,
    /// NUMA node of the device, -1 if it has none.
    pub numa_node: i32,
    /// Zero.
    pub reserved: u32,
    /// Name of the bus.
    pub bus: Text<32>,
    /// Name of the device on its bus.
    pub address: Text<64>,
}

impl Record for InfoDevice {
    const TOPIC: Topic = Topic::DEVICE;
}

/// Record of [`Topic::DRIVER`], `struct accel_info_driver`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InfoDriver {
    /// The driver's name.
    pub name: Text<32>,
    /// Its version.
    pub version: Text<32>,
    /// Where to find the open user space that goes with it.
    pub user_space_url: Text<128>,
    /// SPDX expression of that user space's licence.
    pub user_space_license: Text<64>,
    /// Where its interface is documented.
    pub documentation_url: Text<128>,
    /// Whom it admits as users.
    pub open_policy: OpenPolicy,
    /// How many that admits, zero if any number.
    pub open_limit: u32,
}

impl Record for InfoDriver {
    const TOPIC: Topic = Topic::DRIVER;
}

/// Record of [`Topic::STATUS`], `struct accel_info_status`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct InfoStatus {
    /// State of the device.
    pub state: State,
    /// Files that are open in the user role.
    pub users: u32,
    /// Files that are open in the observer role, that of the caller included.
    pub observers: u32,
    /// The last error.
    pub last_error: DeviceError,
    /// `CLOCK_MONOTONIC` time at which the device appeared, in nanoseconds.
    pub registered_ns: u64,
    /// `CLOCK_MONOTONIC` time since which it is in this state, in nanoseconds.
    pub state_ns: u64,
    /// How many resets were begun.
    pub resets: u64,
    /// How many errors there were.
    pub errors: u64,
    /// `CLOCK_MONOTONIC` time of the last error, in nanoseconds; zero if there
    /// was none.
    pub last_error_ns: u64,
    /// Says more about it.
    pub last_error_code: u64,
}

impl Record for InfoStatus {
    const TOPIC: Topic = Topic::STATUS;
}

/// Record of [`Topic::CLIENTS`], `struct accel_info_client`.
///
/// [`pid`](Self::pid) and [`command`](Self::command) are shown to callers with
/// the same effective user id, and to those with `CAP_SYS_PTRACE`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct InfoClient {
    /// Number of the open file, unique for as long as the device exists.
    pub id: u64,
    /// `CLOCK_MONOTONIC` time at which it was opened, in nanoseconds.
    pub since_ns: u64,
    /// Its role.
    pub role: ClientRole,
    /// Effective user id of the process that opened it, in the user namespace
    /// of the caller; [`u32::MAX`] if it has none there.
    pub uid: u32,
    /// Process that opened it, in the PID namespace of the caller; zero if it
    /// has none there, or is not shown.
    pub pid: u32,
    /// Zero.
    pub reserved: u32,
    /// Name of that process when it opened the file; empty if not shown.
    pub command: Text<16>,
}

impl Record for InfoClient {
    const TOPIC: Topic = Topic::CLIENTS;
}

/// Record of [`Topic::UAPI`], `struct accel_info_ioctl`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct InfoIoctl {
    /// The number to pass to ioctl().
    pub command: u32,
    /// Size of its structure in the kernel, in bytes.
    pub size: u32,
    /// The smallest size that it accepts, in bytes.
    pub min_size: u32,
    /// Combination of [`IOCTL_IN`], [`IOCTL_OUT`], [`IOCTL_OBSERVER`],
    /// [`IOCTL_CAPABILITY`], [`IOCTL_PASSTHROUGH`], [`IOCTL_POWERED`] and
    /// [`IOCTL_CONFINED`].
    pub flags: u32,
    /// Number of the capability that the caller needs, if `flags` has
    /// [`IOCTL_CAPABILITY`]; it has a [`capability_name`].
    pub capability: u32,
    /// Zero.
    pub reserved: u32,
    /// Its name in the C header.
    pub name: Text<48>,
    /// What it does, one line.
    pub description: Text<128>,
}

impl Record for InfoIoctl {
    const TOPIC: Topic = Topic::UAPI;
}
