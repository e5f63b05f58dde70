// SPDX-License-Identifier: GPL-2.0

//! Buffers as dma-bufs, which other drivers and processes can use.
//!
//! An exported buffer refers to the memory and to this module, not to the open file, the device or
//! its driver; so it lives until its last user is done, whatever becomes of those.

use kernel::{
    bindings,
    error::{
        from_err_ptr,
        from_result,
        to_result, //
    },
    ffi::{
        c_int,
        c_void, //
    },
    mm::virt::{
        flags,
        VmaNew, //
    },
    module::this_module,
    prelude::*,
    sync::Arc,
    types::ForeignOwnable, //
};

use super::{
    attachment::Attachment,
    map::{
        self,
        View, //
    },
    vmap,
    Object, //
};
use crate::{
    ffi::{
        self,
        Shared, //
    },
    LocalModule, //
};

static OPS: Shared<bindings::dma_buf_ops> = Shared::new(bindings::dma_buf_ops {
    attach: Some(attach),
    detach: Some(detach),
    map_dma_buf: Some(map_dma_buf),
    unmap_dma_buf: Some(unmap_dma_buf),
    release: Some(release),
    begin_cpu_access: Some(begin_cpu_access),
    end_cpu_access: Some(end_cpu_access),
    mmap: Some(mmap),
    vmap: Some(vmap),
    vunmap: Some(vunmap),
    ..pin_init::zeroed()
});

/// Makes a file descriptor of a dma-buf for `object`. `flags` are those of `open()`: `O_CLOEXEC`,
/// `O_RDWR`.
pub(super) fn export(object: Arc<Object>, flags: u32) -> Result<c_int> {
    let size = object.size();
    let object = object.into_foreign();
    let info = bindings::dma_buf_export_info {
        exp_name: c"accel".as_char_ptr(),
        owner: this_module::<LocalModule>().as_ptr(),
        ops: OPS.get(),
        size,
        // CAST: Flags of `open()` fit.
        flags: flags as c_int,
        resv: core::ptr::null_mut(),
        priv_: object,
    };
    // SAFETY: The description is valid; what it points to stays until `release`.
    let dmabuf = from_err_ptr(unsafe { bindings::dma_buf_export(&info) }).inspect_err(|_| {
        // SAFETY: There is no dma-buf, so the reference is still ours.
        drop(unsafe { Arc::<Object>::from_foreign(object) });
    })?;

    // SAFETY: The dma-buf is valid; if it works out, the descriptor owns our reference.
    let fd = unsafe { bindings::dma_buf_fd(dmabuf, (flags & bindings::O_CLOEXEC) as c_int) };
    to_result(fd).inspect_err(|_| {
        // SAFETY: The reference is still ours.
        unsafe { bindings::dma_buf_put(dmabuf) };
    })?;
    Ok(fd)
}

/// Returns what a dma-buf of ours is made of.
///
/// # Safety
///
/// The dma-buf must have been made by `export`, and must live as long as the result.
unsafe fn object_of<'a>(dmabuf: *mut bindings::dma_buf) -> kernel::sync::ArcBorrow<'a, Object> {
    // SAFETY: `export` has stored it, and `release` has not been called yet.
    unsafe { Arc::borrow((*dmabuf).priv_) }
}

/// Gives up the reference to the object.
///
/// # Safety
///
/// To be called by the dma-buf framework, as are all of the following, for a dma-buf of ours.
unsafe extern "C" fn release(dmabuf: *mut bindings::dma_buf) {
    // SAFETY: `export` has stored it, and this is the last call for the dma-buf.
    drop(unsafe { Arc::<Object>::from_foreign((*dmabuf).priv_) });
}

/// Prepares the memory for another device.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn attach(
    dmabuf: *mut bindings::dma_buf,
    attach: *mut bindings::dma_buf_attachment,
) -> c_int {
    from_result(|| {
        // SAFETY: The dma-buf and the attachment are valid.
        let (object, device) = unsafe { (object_of(dmabuf), (*attach).dev) };
        // SAFETY: The device stays until it detaches.
        let attachment = unsafe { Attachment::new(object.into(), device) }?;
        // SAFETY: The attachment is ours to fill in.
        unsafe { (*attach).priv_ = attachment.into_foreign() };
        Ok(0)
    })
}

/// Takes back [`attach`].
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn detach(
    _dmabuf: *mut bindings::dma_buf,
    attach: *mut bindings::dma_buf_attachment,
) {
    // SAFETY: `attach` has stored it, and this is the last call for the attachment.
    let attachment = unsafe { Arc::<Attachment>::from_foreign((*attach).priv_) };
    attachment.leave();
}

/// Maps the memory for the other device.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn map_dma_buf(
    attach: *mut bindings::dma_buf_attachment,
    direction: bindings::dma_data_direction,
) -> *mut bindings::sg_table {
    // SAFETY: `attach` has stored it.
    let attachment = unsafe { Arc::<Attachment>::borrow((*attach).priv_) };
    match attachment.map(direction) {
        Ok(table) => table,
        Err(e) => e.to_ptr(),
    }
}

/// Takes back [`map_dma_buf`].
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn unmap_dma_buf(
    attach: *mut bindings::dma_buf_attachment,
    _table: *mut bindings::sg_table,
    _direction: bindings::dma_data_direction,
) {
    // SAFETY: `attach` has stored it.
    unsafe { Arc::<Attachment>::borrow((*attach).priv_) }.unmap();
}

/// Makes what devices have written visible to the processor.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn begin_cpu_access(
    dmabuf: *mut bindings::dma_buf,
    direction: bindings::dma_data_direction,
) -> c_int {
    // SAFETY: The dma-buf is valid.
    let object = unsafe { object_of(dmabuf) };
    object.attachments().sync_for_cpu(direction);
    0
}

/// Makes what the processor has written visible to devices.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn end_cpu_access(
    dmabuf: *mut bindings::dma_buf,
    direction: bindings::dma_data_direction,
) -> c_int {
    // SAFETY: The dma-buf is valid.
    let object = unsafe { object_of(dmabuf) };
    object.attachments().sync_for_device(direction);
    0
}

/// Maps the memory for a process.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn mmap(
    dmabuf: *mut bindings::dma_buf,
    vma: *mut bindings::vm_area_struct,
) -> c_int {
    from_result(|| {
        // SAFETY: The dma-buf is valid, and the area is just being set up. The framework has
        // checked that it lies within the dma-buf.
        let (object, area) = unsafe { (object_of(dmabuf), VmaNew::from_raw(vma)) };
        // Of a file that is only open for reading, a shared mapping does not count as one.
        if area.flags() & flags::MAYSHARE == 0 {
            return Err(EINVAL);
        }
        area.try_clear_mayexec()?;
        let view = View {
            object: object.into(),
            first_page: 0,
        };
        map::set_up(area, Arc::new(view, GFP_KERNEL_ACCOUNT)?);
        Ok(0)
    })
}

/// Maps the memory for the kernel.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn vmap(dmabuf: *mut bindings::dma_buf, map: *mut bindings::iosys_map) -> c_int {
    from_result(|| {
        // SAFETY: The dma-buf is valid, and keeps its object.
        let address = unsafe { vmap::map(&object_of(dmabuf)) }?;
        // SAFETY: `map` is valid for writes.
        unsafe {
            (*map).__bindgen_anon_1.vaddr = address.as_ptr();
            (*map).is_iomem = false;
        }
        Ok(0)
    })
}

/// Takes back `vmap`.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn vunmap(_dmabuf: *mut bindings::dma_buf, map: *mut bindings::iosys_map) {
    // SAFETY: `vmap` has put the address there.
    unsafe {
        let address: *mut c_void = (*map).__bindgen_anon_1.vaddr;
        ffi::vunmap(address);
    }
}
