// SPDX-License-Identifier: GPL-2.0

//! The processor's access to buffers that are dma-bufs.

use kernel::{
    bindings,
    error::from_result,
    ffi::c_int, //
};

use super::object_of;
use crate::memory::{
    dma_buf::foreign_map::ForeignMaps,
    movable::Locked,
    object::{
        Backing,
        Object, //
    }, //
};

/// Makes what devices have written visible to the processor.
///
/// # Safety
///
/// See [`release`](super::release).
pub(super) unsafe extern "C" fn begin_cpu_access(
    dmabuf: *mut bindings::dma_buf,
    _direction: bindings::dma_data_direction,
) -> c_int {
    // SAFETY: The dma-buf is valid.
    let object = unsafe { object_of(dmabuf) };
    with_foreign_maps(&object, |maps| maps.sync_for_cpu());
    0
}

/// Makes what the processor has written visible to devices.
///
/// # Safety
///
/// See [`release`](super::release).
pub(super) unsafe extern "C" fn end_cpu_access(
    dmabuf: *mut bindings::dma_buf,
    _direction: bindings::dma_data_direction,
) -> c_int {
    // SAFETY: The dma-buf is valid.
    let object = unsafe { object_of(dmabuf) };
    with_foreign_maps(&object, |maps| maps.sync_for_device());
    0
}

/// Calls `f` with those who have the memory, unless it is being moved: then nobody has.
fn with_foreign_maps(object: &Object, f: impl FnOnce(&ForeignMaps)) {
    match object.backing() {
        Backing::Movable(movable) => {
            movable.try_with(|home| f(home.foreign_maps()));
        }
        _ => f(object.foreign_maps()),
    }
}

/// Maps the memory for the kernel.
///
/// # Safety
///
/// See [`release`](super::release).
pub(super) unsafe extern "C" fn vmap(
    dmabuf: *mut bindings::dma_buf,
    map: *mut bindings::iosys_map,
) -> c_int {
    from_result(|| {
        // SAFETY: The dma-buf is valid, and keeps its object.
        let object = unsafe { object_of(dmabuf) };
        let mapped = match object.backing() {
            // SAFETY: The reservation is locked.
            Backing::Movable(movable) => unsafe { Locked::by_caller(movable) }.vmap()?,
            // What is set aside stays when the device goes; the framework wants no error here.
            //
            // SAFETY: As above, until `vunmap`.
            _ => unsafe { object.vmap_unchecked(|| Ok(())) }?,
        };
        // SAFETY: It is valid for writes.
        unsafe { *map = mapped.as_raw() };
        Ok(0)
    })
}

/// Takes back `vmap`.
///
/// # Safety
///
/// See [`release`](super::release).
pub(super) unsafe extern "C" fn vunmap(
    dmabuf: *mut bindings::dma_buf,
    _map: *mut bindings::iosys_map,
) {
    // SAFETY: The dma-buf is valid, and keeps its object.
    let object = unsafe { object_of(dmabuf) };
    if let Backing::Movable(movable) = object.backing() {
        // It is pinned since, so this is the home that was mapped.
        movable.home().kernel_map().put();
        movable.unpin();
        return;
    }
    object.kernel_map().put();
}
