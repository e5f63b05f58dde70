// SPDX-License-Identifier: GPL-2.0

//! Other devices that work on a buffer, by its dma-buf.

use kernel::{
    bindings,
    container_of,
    error::to_result,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
    types::Opaque, //
};

use super::Object;
use crate::ffi;

/// No `enum dma_data_direction`: not mapped.
const NOT_MAPPED: i32 = -1;

/// A device that is attached to a dma-buf.
///
/// # Invariants
///
/// `table` lists the pages of `object`, and is mapped for `device` if `direction` says so. The
/// device exists until [`Self::leave`].
pub(super) struct Attachment {
    object: Arc<Object>,
    device: *mut bindings::device,
    table: Opaque<bindings::sg_table>,
    direction: Atomic<i32>,
}

// SAFETY: The table is only used while the list of attachments is locked, and by who has mapped it;
// a device may be used from any thread.
unsafe impl Send for Attachment {}
// SAFETY: As above.
unsafe impl Sync for Attachment {}

impl Attachment {
    /// Attaches a device to `object`.
    ///
    /// # Safety
    ///
    /// The device must exist until [`Self::leave`].
    pub(super) unsafe fn new(
        object: Arc<Object>,
        device: *mut bindings::device,
    ) -> Result<Arc<Self>> {
        let table = Opaque::new(bindings::sg_table::default());
        // SAFETY: The table is freed when the attachment is dropped.
        unsafe { object.fill(table.get()) }?;
        // INVARIANT: The table was just filled, and is not mapped.
        let attachment = Self {
            object,
            device,
            table,
            direction: Atomic::new(NOT_MAPPED),
        };
        let attachment = Arc::new(attachment, GFP_KERNEL)?;
        attachment.object.attachments().insert(attachment.clone())?;
        Ok(attachment)
    }

    /// Attaches a device to `object` and maps it for that, as long as the result is not given to
    /// [`Self::end_table`].
    ///
    /// # Safety
    ///
    /// The device must exist until then.
    pub(super) unsafe fn table(
        object: Arc<Object>,
        device: *mut bindings::device,
        direction: bindings::dma_data_direction,
    ) -> Result<*mut bindings::sg_table> {
        // SAFETY: Same requirements.
        let attachment = unsafe { Self::new(object, device) }?;
        let table = attachment
            .map(direction)
            .inspect_err(|_| attachment.leave())?;
        // The table has the reference.
        let _ = Arc::into_raw(attachment);
        Ok(table)
    }

    /// Takes back [`Self::table`].
    ///
    /// # Safety
    ///
    /// `table` must come from there, and must not be used any more.
    pub(super) unsafe fn end_table(table: *mut bindings::sg_table) {
        // SAFETY: It is part of an attachment whose reference belongs to it.
        let attachment = unsafe {
            let attachment: *const Self = container_of!(Opaque::cast_from(table), Self, table);
            Arc::from_raw(attachment)
        };
        attachment.unmap();
        attachment.leave();
    }

    /// Detaches the device.
    pub(super) fn leave(&self) {
        self.object.attachments().remove(self);
    }

    /// Maps the memory for the device.
    pub(super) fn map(
        &self,
        direction: bindings::dma_data_direction,
    ) -> Result<*mut bindings::sg_table> {
        let _list = self.object.attachments().list.lock();
        let table = self.table.get();
        // SAFETY: The device exists, and the table lists its pages, by the type invariants.
        to_result(unsafe { bindings::dma_map_sgtable(self.device, table, direction, 0) })?;
        // INVARIANT: It is mapped now.
        self.direction.store(direction.0, Relaxed);
        Ok(table)
    }

    /// Takes back [`Self::map`].
    pub(super) fn unmap(&self) {
        let _list = self.object.attachments().list.lock();
        let direction = self.direction.xchg(NOT_MAPPED, Relaxed);
        if direction != NOT_MAPPED {
            let direction = bindings::dma_data_direction(direction);
            // SAFETY: By the type invariants it was mapped in that direction.
            unsafe { bindings::dma_unmap_sgtable(self.device, self.table.get(), direction, 0) };
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // SAFETY: By the type invariants the table was filled; nobody uses it any more.
        unsafe { bindings::sg_free_table(self.table.get()) };
    }
}

/// The devices that are attached to a buffer. While the list is locked, none of them is mapped or
/// unmapped.
#[pin_data]
pub(super) struct Attachments {
    #[pin]
    list: Mutex<KVec<Arc<Attachment>>>,
}

impl Attachments {
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(KVec::new()),
        })
    }

    fn insert(&self, attachment: Arc<Attachment>) -> Result {
        Ok(self.list.lock().push(attachment, GFP_KERNEL)?)
    }

    fn remove(&self, attachment: &Attachment) {
        self.list
            .lock()
            .retain(|other| !core::ptr::eq(&**other, attachment));
    }

    /// Makes what devices have written visible to the processor.
    pub(super) fn sync_for_cpu(&self, direction: bindings::dma_data_direction) {
        self.for_each_mapped(|device, table| {
            // SAFETY: The table is mapped for the device.
            unsafe { ffi::accel_helper_dma_sync_sgtable_for_cpu(device, table, direction) };
        });
    }

    /// Makes what the processor has written visible to devices.
    pub(super) fn sync_for_device(&self, direction: bindings::dma_data_direction) {
        self.for_each_mapped(|device, table| {
            // SAFETY: The table is mapped for the device.
            unsafe { ffi::accel_helper_dma_sync_sgtable_for_device(device, table, direction) };
        });
    }

    fn for_each_mapped(&self, f: impl Fn(*mut bindings::device, *mut bindings::sg_table)) {
        for attachment in self.list.lock().iter() {
            if attachment.direction.load(Relaxed) != NOT_MAPPED {
                f(attachment.device, attachment.table.get());
            }
        }
    }
}
