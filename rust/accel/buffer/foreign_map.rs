// SPDX-License-Identifier: GPL-2.0

//! Mappings of a buffer for other devices, by its dma-buf.

use kernel::{
    bindings,
    container_of,
    error::to_result,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    types::Opaque, //
};

use super::Object;
use crate::ffi;

/// A mapping of a buffer for another device.
///
/// It has a table of its own: what is attached once may be mapped more than once.
///
/// # Invariants
///
/// `table` is empty, or lists the pages of `object`. While this is in the list of the object, it is
/// mapped for `device`, which exists, in `direction`.
pub(super) struct ForeignMap {
    object: Arc<Object>,
    device: *mut bindings::device,
    table: Opaque<bindings::sg_table>,
    direction: bindings::dma_data_direction,
}

// SAFETY: The table is only used while the list of mappings is locked, and by who has mapped it; a
// device may be used from any thread.
unsafe impl Send for ForeignMap {}
// SAFETY: As above.
unsafe impl Sync for ForeignMap {}

impl ForeignMap {
    /// Maps `object` for a device, until the result is given to [`Self::end`].
    ///
    /// # Safety
    ///
    /// The device must exist until then.
    pub(super) unsafe fn begin(
        object: Arc<Object>,
        device: *mut bindings::device,
        direction: bindings::dma_data_direction,
    ) -> Result<*mut bindings::sg_table> {
        // INVARIANT: The table is empty, and this is in no list.
        let map = Self {
            object,
            device,
            table: Opaque::new(bindings::sg_table::default()),
            direction,
        };
        let map = Arc::new(map, GFP_KERNEL)?;
        let table = map.table.get();
        // SAFETY: The table is freed when the mapping is dropped.
        unsafe { map.object.fill(table) }?;

        let mut list = map.object.foreign_maps().list.lock();
        // INVARIANT: Before the list is unlocked, it is mapped, or not in there any more.
        list.push(map.clone(), GFP_KERNEL)?;
        // SAFETY: The device exists, and the table lists its pages.
        if let Err(e) = to_result(unsafe { bindings::dma_map_sgtable(device, table, direction, 0) })
        {
            list.pop();
            return Err(e);
        }
        drop(list);
        // The table has the reference.
        let _ = Arc::into_raw(map);
        Ok(table)
    }

    /// Takes back [`Self::begin`].
    ///
    /// # Safety
    ///
    /// `table` must come from there, and must not be used any more.
    pub(super) unsafe fn end(table: *mut bindings::sg_table) {
        // SAFETY: It is part of a mapping whose reference belongs to it.
        let map = unsafe {
            let map: *const Self = container_of!(Opaque::cast_from(table), Self, table);
            Arc::from_raw(map)
        };
        let mut list = map.object.foreign_maps().list.lock();
        list.retain(|other| !Arc::ptr_eq(other, &map));
        // SAFETY: By the type invariants it was mapped so, and the device exists.
        unsafe { bindings::dma_unmap_sgtable(map.device, table, map.direction, 0) };
    }
}

impl Drop for ForeignMap {
    fn drop(&mut self) {
        // SAFETY: By the type invariants it can be freed, and nobody uses it any more.
        unsafe { bindings::sg_free_table(self.table.get()) };
    }
}

/// The mappings of a buffer for other devices. While the list is locked, none begins or ends.
#[pin_data]
pub(super) struct ForeignMaps {
    #[pin]
    list: Mutex<KVec<Arc<ForeignMap>>>,
}

impl ForeignMaps {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(KVec::new()),
        })
    }

    /// Makes what devices have written visible to the processor.
    pub(super) fn sync_for_cpu(&self, direction: bindings::dma_data_direction) {
        for map in self.list.lock().iter() {
            let (device, table) = (map.device, map.table.get());
            // SAFETY: By the type invariants the table is mapped for the device.
            unsafe { ffi::accel_helper_dma_sync_sgtable_for_cpu(device, table, direction) };
        }
    }

    /// Makes what the processor has written visible to devices.
    pub(super) fn sync_for_device(&self, direction: bindings::dma_data_direction) {
        for map in self.list.lock().iter() {
            let (device, table) = (map.device, map.table.get());
            // SAFETY: As in `sync_for_cpu()`.
            unsafe { ffi::accel_helper_dma_sync_sgtable_for_device(device, table, direction) };
        }
    }
}
