// SPDX-License-Identifier: GPL-2.0

//! What there is in a kernel without debugfs.

use kernel::prelude::*;

use crate::device::{
    ops::DebugEntry,
    Core, //
};

pub(crate) struct Root;

impl Root {
    pub(crate) fn new() -> Self {
        Self
    }
}

pub(crate) struct DeviceFolder;

impl DeviceFolder {
    pub(crate) fn new(_core: &Core, _entries: &'static [DebugEntry]) -> Result<Option<Self>> {
        Ok(None)
    }
}
