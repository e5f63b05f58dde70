// SPDX-License-Identifier: GPL-2.0

//! A driver in the untyped form in which a device holds it.

pub(crate) mod ioctl;
mod rows;

use core::{
    ffi::c_void,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::Arc,
    time::Msecs, //
};

pub(crate) use self::rows::{
    AttributeEntry,
    DebugEntry,
    TopicEntry, //
};

use self::ioctl::Entry;
use super::{
    call::Call,
    engine::Engine,
    reset::Limit, //
};
use crate::{
    base::{
        data::{
            DropFn,
            RawData, //
        },
        names,
        open_policy::OpenPolicy,
        records::List, //
    },
    buffers::{
        CopyRequest,
        Limits,
        Object, //
    },
    memory::{
        io_range::MapRequest,
        PlaceRequest,
        Placement, //
    }, //
};

/// Who a driver is, and where to find what belongs to it.
///
/// All of it is public, through the information topic DRIVER. An accelerator without open user
/// space has no place here, so there is no way to leave that out.
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
    /// How many buffers a file may have; `None` if the device has none.
    pub(crate) buffers: Option<Limits>,
    /// Makes the data of a buffer for a file that may write to it, or may not. The result is a
    /// reference of the caller.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) make_buffer_data: unsafe fn(&Call<'_>, &Arc<Object>, bool) -> Result<RawData>,
    /// Gives up what `make_buffer_data` has returned.
    pub(crate) drop_buffer_data: DropFn,
    /// How many resets there may be; `None` if the driver cannot reset a device.
    pub(crate) reset_limit: Option<Limit>,
    /// After how long without use a device is put to sleep; `None` if the driver cannot do that.
    pub(crate) autosuspend_ms: Option<Msecs>,
    /// These list records of a topic.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) firmware: unsafe fn(&Call<'_>) -> Result<List>,
    pub(crate) clocks: unsafe fn(&Call<'_>) -> Result<List>,
    pub(crate) sensors: unsafe fn(&Call<'_>) -> Result<List>,
    /// Says how many engines of a kind the device has.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) engine_count: unsafe fn(&Call<'_>, &usize) -> u32,
    /// These do what the driver does on its own.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) stop: unsafe fn(&Call<'_>),
    pub(crate) background: unsafe fn(&Call<'_>),
    pub(crate) clean_up: unsafe fn(&Call<'_>),
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) poll: unsafe fn(&Call<'_>) -> bool,
    /// Returns the number of the first page of what a request gets.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) mmap: unsafe fn(&Call<'_>, &MapRequest) -> Result<usize>,
    /// Says where a buffer is to be.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, and come from a user.
    pub(crate) place: unsafe fn(&Call<'_>, &PlaceRequest) -> Result<Placement>,
    /// Copies a buffer.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) copy_buffer: unsafe fn(&Call<'_>, &CopyRequest<'_>) -> Result,
    /// Resets the device.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver, while users are kept out.
    pub(crate) reset: unsafe fn(Call<'_>) -> Result,
    /// These put the device to sleep, and wake it.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) suspend: unsafe fn(Call<'_>) -> Result,
    pub(crate) resume: unsafe fn(Call<'_>) -> Result,
    /// Makes a `T::File`.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of this driver.
    pub(crate) open: unsafe fn(&Call<'_>) -> Result<*mut c_void>,
    /// Drops a `T::File`.
    ///
    /// # Safety
    ///
    /// The pointer must come from `open`, and must not be used again.
    pub(crate) close: unsafe fn(NonNull<c_void>),
}
