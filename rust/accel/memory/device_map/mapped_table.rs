// SPDX-License-Identifier: GPL-2.0

//! Tables of the pages of buffers, mapped for a device.

use core::ops::Range;
use kernel::{
    bindings,
    container_of,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    ffi::c_ulong,
    prelude::*,
    sync::atomic::{
        AtomicFlag,
        Relaxed, //
    },
    types::Opaque, //
};

use crate::{
    memory::{
        object::Object,
        pages::segments::SegmentLimits, //
    },
    sys::ffi, //
};

/// Who maps it has an error to return; the log of the kernel is not for that.
const ATTRS: c_ulong = bindings::DMA_ATTR_NO_WARN as c_ulong;

/// A table of the pages of a buffer, mapped for a device.
///
/// # Invariants
///
/// `table` lists pages, and if `is_mapped`, is mapped for `device` in `direction`.
pub(in crate::memory) struct MappedTable {
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
    /// Maps `range` of `object`, in bytes, for `device`, in entries that this can take, until the
    /// result is dropped or [`Self::unmap`] is called.
    ///
    /// Returns `ENOMEM` if there is no memory, there are no addresses, or no room to bounce it.
    ///
    /// # Safety
    ///
    /// The device must stay bound until then, and must not use the memory any more.
    pub(in crate::memory) unsafe fn new(
        object: &Object,
        range: &Range<usize>,
        device: &Device<Bound>,
        direction: bindings::dma_data_direction,
    ) -> Result<Self> {
        let table = Opaque::new(bindings::sg_table::default());
        let segments = object.segments(range, SegmentLimits::of(device))?;
        let device = ffi::device_as_raw(device);
        // SAFETY: The table is valid, and is freed when it is dropped. What has segments is memory
        // of the system.
        unsafe { segments.fill(table.get()) }?;
        // INVARIANT: The table lists pages, and is not mapped yet.
        let this = Self {
            table,
            device,
            direction,
            is_mapped: AtomicFlag::new(false),
        };
        // SAFETY: The device exists; the table lists pages.
        match to_result(unsafe {
            bindings::dma_map_sgtable(device, this.as_raw(), direction, ATTRS)
        }) {
            // Whatever it is that there is not enough of.
            Err(e) if e == EIO => return Err(ENOMEM),
            mapped => mapped?,
        }
        // INVARIANT: It was just mapped.
        this.is_mapped.store(true, Relaxed);
        Ok(this)
    }

    /// Returns the table.
    pub(in crate::memory) fn as_raw(&self) -> *mut bindings::sg_table {
        self.table.get()
    }

    /// Takes back [`Self::as_raw`].
    ///
    /// # Safety
    ///
    /// `table` must come from there, of what has not been freed.
    pub(in crate::memory) unsafe fn from_raw(table: *mut bindings::sg_table) -> *const Self {
        // SAFETY: Same requirements.
        unsafe { container_of!(Opaque::cast_from(table), Self, table) }
    }

    /// Makes what the device has written visible to the processor, until
    /// [`Self::sync_for_device`].
    pub(in crate::memory) fn sync_for_cpu(&self) {
        if self.is_mapped.load(Relaxed) {
            // SAFETY: By the type invariants it is mapped so, and the device exists.
            unsafe {
                ffi::accel_helper_dma_sync_sgtable_for_cpu(
                    self.device,
                    self.as_raw(),
                    self.direction,
                )
            };
        }
    }

    /// Makes what the processor has written visible to the device.
    pub(in crate::memory) fn sync_for_device(&self) {
        if self.is_mapped.load(Relaxed) {
            // SAFETY: As in `sync_for_cpu()`.
            unsafe {
                ffi::accel_helper_dma_sync_sgtable_for_device(
                    self.device,
                    self.as_raw(),
                    self.direction,
                )
            };
        }
    }

    /// Ends the mapping, unless it has ended.
    pub(in crate::memory) fn unmap(&self) {
        if self.is_mapped.xchg(false, Relaxed) {
            // SAFETY: By the type invariants it was mapped so. The device exists, and does not use
            // it any more, as was required of who mapped it.
            unsafe {
                bindings::dma_unmap_sgtable(self.device, self.as_raw(), self.direction, ATTRS)
            };
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
