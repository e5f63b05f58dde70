// SPDX-License-Identifier: GPL-2.0

//! What an area of a process shows of a device, when its driver has said what that is.

use kernel::sync::Arc;

use crate::memory::{
    io_range::CombinedWrites,
    io_window::WindowUse, //
};

/// How an area is to be set up.
pub(crate) struct AreaPlan {
    /// The number of its first page in the files.
    pub(crate) first: usize,
    pub(crate) shown: Arc<Shown>,
    pub(crate) is_write_combining: bool,
    pub(crate) is_read_only: bool,
}

/// What an area shows. Copies of the area refer to the same.
pub(crate) enum Shown {
    Device {
        /// What there is to add to the number of a page of the files.
        distance: usize,
        _combined: Option<CombinedWrites>,
    },
    Window(WindowUse),
}

impl Shown {
    /// Calls `f` with where in physical memory page `number` of the files is, which must be one of
    /// the area; and does not let the driver revoke it meanwhile. `None` if that was done.
    pub(crate) fn with_page<R>(&self, number: usize, f: impl FnOnce(usize) -> R) -> Option<R> {
        match self {
            Self::Device { distance, .. } => Some(f(number.wrapping_add(*distance))),
            Self::Window(window) => window.with_page(number, f),
        }
    }
}
