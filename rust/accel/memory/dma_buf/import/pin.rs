// SPDX-License-Identifier: GPL-2.0

//! Memory of a dma-buf of others, pinned and mapped for the device that is attached to it.

use core::ptr::NonNull;
use kernel::{
    bindings,
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*, //
};

use super::DIRECTION;
use crate::{
    base::fence::dma_resv::DmaResv,
    sys::ffi, //
};

/// Pins the memory, and maps it for the device that is attached, where that can address it. Returns
/// `EOPNOTSUPP` if it cannot; and for the errors while it is moved, see
/// [`Import::map`](super::Import::map).
///
/// # Safety
///
/// The attachment must be valid and dynamic, and its reservation locked.
pub(super) unsafe fn pin_and_map(
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
