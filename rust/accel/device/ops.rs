// SPDX-License-Identifier: GPL-2.0

//! A driver in the untyped form in which a device holds it.

pub(crate) mod features;
pub(crate) mod ioctl;
mod rows;

pub(crate) use self::{
    features::FeatureFns,
    rows::{
        AttributeEntry,
        DebugEntry,
        TopicEntry, //
    }, //
};

use self::ioctl::Entry;
use super::engine::Engine;
use crate::{
    base::{
        names,
        open_policy::OpenPolicy, //
    },
    buffers::Limits, //
};

/// Who a driver is, and where to find what belongs to it.
///
/// All of it is public, through the information topic DRIVER. An accelerator without open user
/// space has no place here, so there is no way to leave that out.
///
/// # Examples
///
/// ```
/// use accel::DriverInfo;
///
/// const INFO: DriverInfo = DriverInfo {
///     name: "npu",
///     version: "1.2",
///     user_space_url: "https://npu.example/runtime",
///     user_space_license: "MIT OR Apache-2.0",
///     documentation_url: "https://npu.example/registers",
/// };
/// ```
pub struct DriverInfo {
    /// Name, at most 31 bytes, without slashes.
    pub name: &'static str,
    /// Version, at most 31 bytes.
    pub version: &'static str,
    /// Where the open user space is: a URL, or a path in the source tree that the driver is part
    /// of. At most 127 bytes.
    pub user_space_url: &'static str,
    /// SPDX licence expression of that user space, at most 63 bytes.
    pub user_space_license: &'static str,
    /// Where the interface of the device is documented: a URL, or a path in the source tree. At
    /// most 127 bytes.
    pub documentation_url: &'static str,
}

impl DriverInfo {
    /// Has the compiler check it.
    pub(crate) const fn check(&self) {
        const fn fits(text: &str, room: usize) -> bool {
            !text.is_empty() && text.len() < room
        }
        let name = self.name.as_bytes();
        names::require(
            fits(self.name, 32),
            name,
            "INFO.name: a driver has a name of at most 31 bytes",
        );
        names::require(
            names::is_of_file(name),
            name,
            "INFO.name: a driver's name is that of a folder in sysfs, without slashes",
        );
        names::require(
            fits(self.version, 32),
            name,
            "INFO.version: a driver has a version of at most 31 bytes",
        );
        names::require(
            fits(self.user_space_url, 128),
            name,
            "INFO.user_space_url: a driver has an open user space, at a place of at most 127 bytes",
        );
        names::require(
            fits(self.user_space_license, 64),
            name,
            "INFO.user_space_license: a driver has an open user space, with a licence of at most \
             63 bytes",
        );
        names::require(
            fits(self.documentation_url, 128),
            name,
            "INFO.documentation_url: a driver's interface is documented, at a place of at most \
             127 bytes",
        );
    }
}

/// A symbol that says why it is not found.
///
/// The names of all symbols of this crate depend on what it was built of, see `Kbuild`. So the
/// kernel finds none of those that a driver wants which was built for another `accel.ko`. It names
/// them in its log, and among them this one, since every driver has a [`DriverOps`].
pub(crate) static DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO: u8 = 0;

/// An [`AccelDriver`](crate::AccelDriver) without its types.
///
/// Lives in the driver's module, so it must only be used behind the gate of a device.
pub(crate) struct DriverOps {
    /// Has the driver's module need [`DRIVER_WAS_BUILT_FOR_ANOTHER_ACCEL_KO`].
    #[expect(dead_code, reason = "it is enough that the symbol is found")]
    pub(crate) built_for: &'static u8,
    pub(crate) info: DriverInfo,
    pub(crate) open_policy: OpenPolicy,
    pub(crate) ioctls: &'static [Entry],
    pub(crate) topics: &'static [TopicEntry],
    pub(crate) attributes: &'static [AttributeEntry],
    #[cfg_attr(not(CONFIG_DEBUG_FS), expect(dead_code))]
    pub(crate) debug_files: &'static [DebugEntry],
    pub(crate) engines: &'static [Engine],
    /// How many bytes a dump has, at most.
    pub(crate) max_dump: usize,
    /// How many buffers a file may have; `None` if the device has none.
    pub(crate) buffers: Option<Limits>,
    pub(crate) features: FeatureFns,
}
