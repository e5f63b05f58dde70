// SPDX-License-Identifier: GPL-2.0

//! Tables of the pages of buffers, mapped for a device.

use kernel::{
    bindings,
    container_of,
    error::to_result,
    prelude::*,
    sync::atomic::{
        AtomicFlag,
        Relaxed, //
    },
    types::Opaque, //
};

use super::object::Object;

/// A table of the pages of a buffer, mapped for a device.
///
/// # Invariants
///
/// `table` lists pages, and if `is_mapped`, is mapped for `device` in `direction`.
pub(super) struct MappedTable {
    table: Opaque<bindings::sg_table>,
    device: *mut bindings::device,
    direction: bindings::dma_data_direction,
    is_mapped: AtomicFlag,
}

// SAFETY: A table, and a device, may be used from any thread.
unsafe impl Send for MappedTable {}
// SAFETY: As above.
unsafe impl Sync for MappedTable {}

impl MappedTable {
    /// Maps the pages of `object` for `device`, until the result is dropped or [`Self::unmap`] is
    /// called.
    ///
    /// # Safety
    ///
    /// The device must exist until then, and must not use it any more.
    pub(super) unsafe fn new(
        object: &Object,
        device: *mut bindings::device,
        direction: bindings::dma_data_direction,
    ) -> Result<Self> {
        let table = Opaque::new(bindings::sg_table::default());
        // SAFETY: The table is valid, and is freed when it is dropped.
        unsafe { object.fill(table.get()) }?;
        // INVARIANT: The table lists pages, and is not mapped yet.
        let this = Self {
            table,
            device,
            direction,
            is_mapped: AtomicFlag::new(false),
        };
        // SAFETY: The caller guarantees that the device exists; the table lists pages.
        to_result(unsafe { bindings::dma_map_sgtable(device, this.as_raw(), direction, 0) })?;
        // INVARIANT: It was just mapped.
        this.is_mapped.store(true, Relaxed);
        Ok(this)
    }

    /// Returns the table.
    pub(super) fn as_raw(&self) -> *mut bindings::sg_table {
        self.table.get()
    }

    /// Takes back [`Self::as_raw`].
    ///
    /// # Safety
    ///
    /// `table` must come from there, of what has not been freed.
    pub(super) unsafe fn from_raw(table: *mut bindings::sg_table) -> *const Self {
        // SAFETY: Same requirements.
        unsafe { container_of!(Opaque::cast_from(table), Self, table) }
    }

    /// Returns the device that it was mapped for.
    pub(super) fn device(&self) -> *mut bindings::device {
        self.device
    }

    /// Ends the mapping, unless it has ended.
    pub(super) fn unmap(&self) {
        if self.is_mapped.xchg(false, Relaxed) {
            // SAFETY: By the type invariants it was mapped so. The device exists, and does not use
            // it any more, as was required of who mapped it.
            unsafe { bindings::dma_unmap_sgtable(self.device, self.as_raw(), self.direction, 0) };
        }
    }
}

impl Drop for MappedTable {
    fn drop(&mut self) {
        self.unmap();
        // SAFETY: By the type invariants it lists pages, and nobody uses it any more.
        unsafe { bindings::sg_free_table(self.as_raw()) };
    }
}
