// SPDX-License-Identifier: GPL-2.0

//! The rows of a driver's tables without their types: what user space is shown of it.

use kernel::{
    fmt,
    prelude::*,
    seq_file::SeqFile,
    str::Formatter, //
};

use crate::{
    base::records::List,
    device::call::Call, //
};

/// A [`Topic`](crate::driver::info::Topic) without its types.
pub(crate) struct TopicEntry {
    pub(crate) id: u32,
    /// Lists the records.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of the driver that the entry was made for.
    pub(crate) records: unsafe fn(&Call<'_>) -> Result<List>,
}

/// An [`Attribute`](crate::driver::attributes::Attribute) without its types.
pub(crate) struct AttributeEntry {
    pub(crate) name: &'static CStr,
    pub(crate) mode: u16,
    /// Writes the value.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of the driver that the entry was made for.
    pub(crate) show: unsafe fn(&Call<'_>, &mut Formatter<'_>) -> fmt::Result,
    /// Takes a new value.
    ///
    /// # Safety
    ///
    /// As for `show`.
    pub(crate) store: Option<unsafe fn(&Call<'_>, &[u8]) -> Result>,
}

/// A [`DebugFile`](crate::driver::debug_files::DebugFile) without its types.
pub(crate) struct DebugEntry {
    pub(crate) name: &'static CStr,
    /// Prints the content.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of the driver that the entry was made for.
    pub(crate) show: unsafe fn(&Call<'_>, &SeqFile) -> Result,
}
