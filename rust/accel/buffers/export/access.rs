// SPDX-License-Identifier: GPL-2.0

//! How others get at an exported buffer.
//!
//! Another device has a table of the pages, a [`ForeignMap`]; or, if the memory is on a bus, it
//! reaches that there, as a peer, and has to give it back when the device goes. The processor has
//! what those devices have written made visible, or maps the memory for the kernel.

use kernel::{
    bindings,
    container_of,
    device::{
        Bound,
        Device, //
    },
    error::{
        from_err_ptr,
        from_result, //
    },
    ffi::c_int,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::object_of;
use crate::{
    buffers::{
        movable::Locked,
        object::{
            Backing,
            Object, //
        }, //
    },
    memory::{
        device_memory::{
            DeviceMemory,
            Io, //
        },
        table::MappedTable, //
    },
    sys::ffi, //
};

/// A mapping of a buffer for another device.
///
/// It has a table of its own: what is attached once may be mapped more than once.
pub(in crate::buffers) struct ForeignMap {
    object: Arc<Object>,
    table: MappedTable,
}

impl ForeignMap {
    /// Maps `object` for a device, until the result is given to [`Self::end`].
    ///
    /// # Safety
    ///
    /// The device must stay bound until then.
    pub(in crate::buffers) unsafe fn begin(
        object: Arc<Object>,
        device: &Device<Bound>,
        direction: bindings::dma_data_direction,
    ) -> Result<*mut bindings::sg_table> {
        let mut list = object.foreign_maps().list.lock();
        let segments = object.segments(&(0..object.size()), device)?;
        // SAFETY: Segments of an object are memory of the system. The rest is as required.
        let table = unsafe { MappedTable::new(&segments, device, direction) }?;
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
    pub(in crate::buffers) unsafe fn end(table: *mut bindings::sg_table) {
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
pub(in crate::buffers) struct ForeignMaps {
    #[pin]
    list: Mutex<KVec<Arc<ForeignMap>>>,
}

impl ForeignMaps {
    pub(in crate::buffers) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(KVec::new()),
        })
    }

    /// Makes what devices have written visible to the processor.
    pub(in crate::buffers) fn sync_for_cpu(&self) {
        for map in self.list.lock().iter() {
            map.table.sync_for_cpu();
        }
    }

    /// Makes what the processor has written visible to devices.
    pub(in crate::buffers) fn sync_for_device(&self) {
        for map in self.list.lock().iter() {
            map.table.sync_for_device();
        }
    }
}

/// Checks that another device gives memory back when it is told to. Returns `EOPNOTSUPP` if not.
///
/// # Safety
///
/// The attachment must be valid.
pub(super) unsafe fn check_revocable(attach: *mut bindings::dma_buf_attachment) -> Result {
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
pub(super) unsafe fn check_peer(io: Io, attach: *mut bindings::dma_buf_attachment) -> Result {
    let provider = io.provider.ok_or(EOPNOTSUPP)?;
    // SAFETY: The caller guarantees that the attachment is valid, so its device is.
    unsafe {
        check_revocable(attach)?;
        if !(*attach).peer2peer {
            return Err(EOPNOTSUPP);
        }
        provider.check_reach(Device::from_raw((*attach).dev))
    }
}

/// Maps `memory`, which is that of `object` and on a bus, for another device.
///
/// # Safety
///
/// The attachment must be valid, one that [`check_peer`] has checked, and its reservation locked.
pub(super) unsafe fn map_peer(
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
pub(super) unsafe fn unmap_peer(
    object: &Object,
    attach: *mut bindings::dma_buf_attachment,
    table: *mut bindings::sg_table,
    direction: bindings::dma_data_direction,
) {
    // SAFETY: Same requirements.
    unsafe { ffi::accel_helper_dma_buf_free_sgt(attach, table, direction) };
    object.borrowers().grant.remove_peer();
}

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
            _ => unsafe { object.vmap_unchecked() }?,
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
        movable.home().put_kernel_map();
        movable.unpin();
        return;
    }
    object.put_kernel_map();
}
