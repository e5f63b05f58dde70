// SPDX-License-Identifier: GPL-2.0

//! Memory of a dma-buf of others, pinned and mapped for the device that is attached to it.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    sync::atomic::Relaxed, //
};

use super::Import;
use crate::{
    base::fence::dma_resv::DmaResv,
    buffers::{
        export::object_behind,
        object::{
            Backing,
            Object, //
        }, //
    },
    sys::ffi, //
};

/// Some of those who share a mapping read, others write.
const DIRECTION: bindings::dma_data_direction = bindings::dma_data_direction::DMA_BIDIRECTIONAL;

/// A mapping of all of an import, which those share who work on a part of it.
///
/// Many exporters, such as the system's dma-heap, have one table for each attachment. And if the
/// exporter copies back and forth, there is one copy: what was written to one part is not lost when
/// somebody else is done with another.
///
/// # Invariants
///
/// `table` comes from the attachment that this belongs to, and the memory is pinned by it.
pub(super) struct Mapping {
    table: NonNull<bindings::sg_table>,
    users: usize,
    /// How many invalidations there were before.
    invalidations: u32,
}

/// A use of a [`Mapping`].
///
/// # Invariants
///
/// `table` is that of the mapping, of which this is one of the users.
pub(in crate::buffers) struct ImportMap {
    table: NonNull<bindings::sg_table>,
    invalidations: u32,
}

impl ImportMap {
    /// Returns the table.
    pub(in crate::buffers) fn table(&self) -> *mut bindings::sg_table {
        self.table.as_ptr()
    }
}

impl Import {
    /// Pins the memory and maps all of it for the device, unless it is mapped already.
    ///
    /// Returns `EOPNOTSUPP` if it is on the bus of the device, at addresses that this cannot use,
    /// `ENODEV` if the exporter has taken it away, `EAGAIN` if it has to be moved for that, but is
    /// worked on, `EINTR` if a signal arrives, and what `check` does, which is asked again and
    /// again while others have the reservation locked, or move the memory.
    pub(in crate::buffers) fn map(&self, check: impl Fn() -> Result) -> Result<ImportMap> {
        let dmabuf = self.dma_buf()?;
        let _locked = dmabuf.reservation().lock_while(&check)?;
        let mut attached = self.attached.lock();
        let Some(attached) = &mut *attached else {
            return Err(ENODEV);
        };
        if let Some(mapping) = &mut attached.mapping {
            if self.is_invalidated(mapping.invalidations) {
                return Err(EAGAIN);
            }
            mapping.users += 1;
            // INVARIANT: There is one more user.
            return Ok(ImportMap {
                table: mapping.table,
                invalidations: mapping.invalidations,
            });
        }
        // To pin it, a buffer of ours may have to be moved, which waits for those who work on it.
        if let Some(Backing::Movable(movable)) =
            object_behind(&dmabuf).as_deref().map(Object::backing)
        {
            if movable.home().is_on_bus() && !dmabuf.reservation().is_idle() {
                return Err(EAGAIN);
            }
        }
        // SAFETY: The attachment is valid by the type invariants, is dynamic, and its reservation
        // is locked.
        let table = unsafe { pin_and_map(attached.attachment, check) }?;
        self.is_mapped.store(true, Relaxed);
        // INVARIANT: It was just mapped.
        let invalidations = self.invalidations.load(Relaxed);
        attached.mapping = Some(Mapping {
            table,
            users: 1,
            invalidations,
        });
        // INVARIANT: As above.
        Ok(ImportMap {
            table,
            invalidations,
        })
    }

    /// Takes back [`Self::map`]. If `may_wait` is false and somebody has the reservation locked,
    /// returns false, and has not done so.
    ///
    /// # Safety
    ///
    /// `map` must come from there, must not have been taken back, and must not be used any more.
    pub(in crate::buffers) unsafe fn unmap(&self, map: &ImportMap, may_wait: bool) -> bool {
        // What is mapped ends before what is attached does.
        let Ok(dmabuf) = self.dma_buf() else {
            return true;
        };
        let _locked = match may_wait {
            true => dmabuf.reservation().lock(),
            false => match dmabuf.reservation().try_lock() {
                Some(locked) => locked,
                None => return false,
            },
        };
        let mut attached = self.attached.lock();
        let Some(attached) = &mut *attached else {
            return true;
        };
        let Some(mapping) = &mut attached.mapping else {
            return true;
        };
        mapping.users -= 1;
        if mapping.users > 0 {
            return true;
        }
        attached.mapping = None;
        self.is_mapped.store(false, Relaxed);
        let attachment = attached.attachment.as_ptr();
        // SAFETY: The attachment is valid by the type invariants, and its reservation is locked;
        // this was the last user.
        unsafe {
            bindings::dma_buf_unmap_attachment(attachment, map.table(), DIRECTION);
            bindings::dma_buf_unpin(attachment);
        }
        true
    }

    /// Returns whether the exporter has taken the memory away since there were so many
    /// invalidations.
    fn is_invalidated(&self, invalidations: u32) -> bool {
        self.invalidations.load(Relaxed) != invalidations
    }

    /// Returns whether the exporter has taken the memory away while it was mapped so.
    pub(in crate::buffers) fn is_lost(&self, map: &ImportMap) -> bool {
        self.is_invalidated(map.invalidations)
    }
}

/// Pins the memory, and maps it for the device that is attached, where that can address it. Returns
/// `EOPNOTSUPP` if it cannot; and for the errors while it is moved, see
/// [`Import::map`].
///
/// # Safety
///
/// The attachment must be valid and dynamic, and its reservation locked.
unsafe fn pin_and_map(
    attachment: NonNull<bindings::dma_buf_attachment>,
    check: impl Fn() -> Result,
) -> Result<NonNull<bindings::sg_table>> {
    let attachment = attachment.as_ptr();
    // SAFETY: Same requirements.
    unsafe {
        to_result(bindings::dma_buf_pin(attachment))?;
        // What is still moving it has to be over.
        DmaResv::from_raw((*(*attachment).dmabuf).resv)
            .wait_for_kernel(check)
            .and_then(|()| map_attachment(attachment))
            .inspect_err(|_| bindings::dma_buf_unpin(attachment))
    }
}

/// Maps the memory for the device that is attached. See [`pin_and_map`].
///
/// # Safety
///
/// The attachment must be valid and pinned, and its reservation locked.
unsafe fn map_attachment(
    attachment: *mut bindings::dma_buf_attachment,
) -> Result<NonNull<bindings::sg_table>> {
    // SAFETY: Same requirements; the table is what was just mapped, and is given up unused.
    unsafe {
        let table = from_err_ptr(bindings::dma_buf_map_attachment(attachment, DIRECTION))?;
        if !ffi::accel_helper_dma_fits((*attachment).dev, table) {
            bindings::dma_buf_unmap_attachment(attachment, table, DIRECTION);
            return Err(EOPNOTSUPP);
        }
        NonNull::new(table).ok_or(ENOMEM)
    }
}
