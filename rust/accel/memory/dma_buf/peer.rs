// SPDX-License-Identifier: GPL-2.0

//! Memory of a device in the hands of other devices, which have to give it back when it goes.

use kernel::{
    bindings,
    error::from_err_ptr,
    prelude::*, //
};

use crate::{
    memory::{
        pool::device_memory::{
            DeviceMemory,
            Io, //
        },
        Object, //
    },
    sys::ffi, //
};

/// Checks that another device gives memory back when it is told to. Returns `EOPNOTSUPP` if not.
///
/// # Safety
///
/// The attachment must be valid.
pub(in crate::memory) unsafe fn check_revocable(
    attach: *mut bindings::dma_buf_attachment,
) -> Result {
    // SAFETY: Same requirements.
    if !unsafe { bindings::dma_buf_attach_revocable(attach) } {
        return Err(EOPNOTSUPP);
    }
    Ok(())
}

/// Checks that another device can reach memory on a bus, and gives it back when it is told to.
///
/// # Safety
///
/// The attachment must be valid, and the device that has the memory bound.
pub(in crate::memory) unsafe fn check_peer(
    io: Io,
    attach: *mut bindings::dma_buf_attachment,
) -> Result {
    let provider = io.provider.ok_or(EOPNOTSUPP)?;
    // SAFETY: The caller guarantees that the attachment is valid, so its device is.
    unsafe {
        check_revocable(attach)?;
        if !(*attach).peer2peer {
            return Err(EOPNOTSUPP);
        }
        provider.check_reach((*attach).dev)
    }
}

/// Maps `memory`, which is that of `object` and on a bus, for another device.
///
/// # Safety
///
/// The attachment must be valid, one that [`check_peer`] has checked, and its reservation locked.
pub(in crate::memory) unsafe fn map_peer(
    object: &Object,
    memory: &DeviceMemory,
    attach: *mut bindings::dma_buf_attachment,
    direction: bindings::dma_data_direction,
) -> Result<*mut bindings::sg_table> {
    let provider = memory.io().and_then(|io| io.provider).ok_or(EOPNOTSUPP)?;
    let grant = &object.borrowers().grant;
    grant.add_peer()?;
    // SAFETY: Same requirements; the memory is there until `remove_peer`.
    from_err_ptr(unsafe {
        ffi::accel_helper_dma_buf_phys_to_sgt(
            attach,
            provider.as_raw(),
            memory.phys(),
            memory.size(),
            direction,
        )
    })
    .inspect_err(|_| grant.remove_peer())
}

/// Takes back [`map_peer`].
///
/// # Safety
///
/// `table` must come from there, with the same attachment and direction, and must not be used any
/// more.
pub(in crate::memory) unsafe fn unmap_peer(
    object: &Object,
    attach: *mut bindings::dma_buf_attachment,
    table: *mut bindings::sg_table,
    direction: bindings::dma_data_direction,
) {
    // SAFETY: Same requirements.
    unsafe { ffi::accel_helper_dma_buf_free_sgt(attach, table, direction) };
    object.borrowers().grant.remove_peer();
}
