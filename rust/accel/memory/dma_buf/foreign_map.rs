// SPDX-License-Identifier: GPL-2.0

//! Mappings of a buffer for other devices, by its dma-buf.

use kernel::{
    bindings,
    container_of,
    device::{
        Bound,
        Device, //
    },
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use crate::memory::{
    device_map::mapped_table::MappedTable,
    Object, //
};

/// A mapping of a buffer for another device.
///
/// It has a table of its own: what is attached once may be mapped more than once.
pub(in crate::memory) struct ForeignMap {
    object: Arc<Object>,
    table: MappedTable,
}

impl ForeignMap {
    /// Maps `object` for a device, until the result is given to [`Self::end`].
    ///
    /// # Safety
    ///
    /// The device must stay bound until then.
    pub(in crate::memory) unsafe fn begin(
        object: Arc<Object>,
        device: &Device<Bound>,
        direction: bindings::dma_data_direction,
    ) -> Result<*mut bindings::sg_table> {
        let mut list = object.foreign_maps().list.lock();
        // SAFETY: Same requirements.
        let table = unsafe { MappedTable::new(&object, &(0..object.size()), device, direction) }?;
        let object = object.clone();
        let map = Arc::new(Self { object, table }, GFP_KERNEL_ACCOUNT)?;
        let table = map.table.as_raw();
        list.push(map.clone(), GFP_KERNEL_ACCOUNT)?;
        // The table has the reference.
        let _ = Arc::into_raw(map);
        Ok(table)
    }

    /// Takes back [`Self::begin`].
    ///
    /// # Safety
    ///
    /// `table` must come from there, and must not be used any more.
    pub(in crate::memory) unsafe fn end(table: *mut bindings::sg_table) {
        // SAFETY: It is part of a mapping whose reference belongs to it.
        let map = unsafe {
            let table = MappedTable::from_raw(table).cast_mut();
            let map: *const Self = container_of!(table, Self, table);
            Arc::from_raw(map)
        };
        let mut list = map.object.foreign_maps().list.lock();
        list.retain(|other| !Arc::ptr_eq(other, &map));
        map.table.unmap();
    }
}

/// The mappings of a buffer for other devices. While the list is locked, none begins or ends.
#[pin_data]
pub(in crate::memory) struct ForeignMaps {
    #[pin]
    list: Mutex<KVec<Arc<ForeignMap>>>,
}

impl ForeignMaps {
    pub(in crate::memory) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(KVec::new()),
        })
    }

    /// Makes what devices have written visible to the processor.
    pub(in crate::memory) fn sync_for_cpu(&self) {
        for map in self.list.lock().iter() {
            map.table.sync_for_cpu();
        }
    }

    /// Makes what the processor has written visible to devices.
    pub(in crate::memory) fn sync_for_device(&self) {
        for map in self.list.lock().iter() {
            map.table.sync_for_device();
        }
    }
}
