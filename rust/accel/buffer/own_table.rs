// SPDX-License-Identifier: GPL-2.0

//! Tables of the pages of buffers, mapped for the device that the buffers are of.

use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    types::Opaque, //
};

use super::object::Object;

/// A table of the pages of a buffer.
///
/// # Invariants
///
/// `table` is empty, or lists pages. If there is a direction, it is mapped for `device` in that,
/// until [`Self::unmap`].
pub(super) struct OwnTable {
    table: Opaque<bindings::sg_table>,
    device: *mut bindings::device,
    direction: Option<bindings::dma_data_direction>,
}

impl OwnTable {
    /// Maps the pages of `object` for `device`, which must be bound.
    pub(super) fn new(
        object: &Object,
        device: *mut bindings::device,
        direction: bindings::dma_data_direction,
    ) -> Result<KBox<Self>> {
        // INVARIANT: The table is empty.
        let own = Self {
            table: Opaque::new(bindings::sg_table::default()),
            device,
            direction: None,
        };
        let mut own = KBox::new(own, GFP_KERNEL)?;
        let table = own.table.get();
        // SAFETY: The table is valid, stays where it is, and is freed when it is dropped.
        unsafe { object.fill(table) }?;
        // SAFETY: The device is bound, and the table lists pages.
        to_result(unsafe { bindings::dma_map_sgtable(device, table, direction, 0) })?;
        // INVARIANT: It was just mapped.
        own.direction = Some(direction);
        Ok(own)
    }

    /// Returns the table.
    pub(super) fn as_raw(&self) -> *mut bindings::sg_table {
        self.table.get()
    }

    /// Ends the mapping.
    ///
    /// # Safety
    ///
    /// To be called once, when the device does not use it any more.
    pub(super) unsafe fn unmap(&self) {
        if let Some(direction) = self.direction {
            // SAFETY: By the type invariants it was mapped in that direction.
            unsafe { bindings::dma_unmap_sgtable(self.device, self.table.get(), direction, 0) };
        }
    }
}

impl Drop for OwnTable {
    fn drop(&mut self) {
        // SAFETY: By the type invariants it can be freed, and nobody uses it any more.
        unsafe { bindings::sg_free_table(self.table.get()) };
    }
}
