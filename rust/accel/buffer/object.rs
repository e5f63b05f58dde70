// SPDX-License-Identifier: GPL-2.0

//! What is behind a handle.

use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
};

use super::{
    attachment::Attachments,
    pages::Pages, //
};
use crate::uapi;

/// Where the memory of buffers comes from; `struct accel_info_memory`.
pub(crate) struct Region {
    /// How many bytes are in use.
    pub(crate) in_use: Atomic<u64>,
}

impl Region {
    pub(crate) fn new() -> Self {
        Self {
            in_use: Atomic::new(0),
        }
    }
}

/// The memory of a buffer.
#[pin_data(PinnedDrop)]
pub(crate) struct Object {
    pages: Pages,
    region: Arc<Region>,
    /// `ACCEL_BO_*`
    flags: u32,
    #[pin]
    attachments: Attachments,
}

impl Object {
    /// Makes an object of so many pages, filled with zeros. `flags` are `ACCEL_BO_*`.
    pub(super) fn new(region: Arc<Region>, pages: usize, flags: u32) -> Result<Arc<Self>> {
        let pages = Pages::new(pages)?;
        let object = Arc::pin_init(
            pin_init!(Self {
                pages,
                region,
                flags,
                attachments <- Attachments::new(),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        object
            .region
            .in_use
            .fetch_add(object.size() as u64, Relaxed);
        Ok(object)
    }

    /// Returns its size in bytes.
    pub(super) fn size(&self) -> usize {
        self.pages.count() * PAGE_SIZE
    }

    /// Returns the flags with which it was made.
    pub(super) fn flags(&self) -> u32 {
        self.flags
    }

    /// Returns whether mappings have all their pages at once.
    pub(super) fn is_populated(&self) -> bool {
        self.flags & uapi::ACCEL_BO_POPULATE != 0
    }

    pub(super) fn pages(&self) -> &Pages {
        &self.pages
    }

    pub(super) fn attachments(&self) -> &Attachments {
        &self.attachments
    }
}

#[pinned_drop]
impl PinnedDrop for Object {
    fn drop(self: Pin<&mut Self>) {
        self.region.in_use.fetch_sub(self.size() as u64, Relaxed);
    }
}
