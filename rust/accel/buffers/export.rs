// SPDX-License-Identifier: GPL-2.0

//! Buffers as dma-bufs, which other drivers and processes can use.
//!
//! An exported buffer refers to the memory and to this module, not to the open file, the device or
//! its driver; so it lives until its last user is done, whatever becomes of those. If the memory is
//! the device's, it is empty when that goes.

pub(super) mod access;

use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::{
        from_err_ptr,
        from_result,
        to_result, //
    },
    ffi::{
        c_int,
        c_ulong, //
    },
    mm::virt::{
        flags,
        VmaNew, //
    },
    module::this_module,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    },
    types::ForeignOwnable, //
};

use self::access::ForeignMap;
use super::{
    handles::View,
    map,
    movable::Locked,
    object::Backing,
    Object, //
};
use crate::{
    memory::dma_buf::DmaBuf,
    sys::ffi::Shared,
    LocalModule, //
};

static OPS: Shared<bindings::dma_buf_ops> = Shared::new(bindings::dma_buf_ops {
    vmap: Some(access::vmap),
    vunmap: Some(access::vunmap),
    ..IO_OPERATIONS
});

/// For memory that can be moved: it stays where it is while it is pinned.
static MOVABLE_OPS: Shared<bindings::dma_buf_ops> = Shared::new(bindings::dma_buf_ops {
    pin: Some(pin),
    unpin: Some(unpin),
    vmap: Some(access::vmap),
    vunmap: Some(access::vunmap),
    ..IO_OPERATIONS
});

/// For memory that can be moved to a bus and back. It could not be mapped for the kernel while the
/// driver has it pinned there, and `dma_buf_vmap()` takes an error for a bug of the exporter.
static MOVABLE_IO_OPS: Shared<bindings::dma_buf_ops> = Shared::new(bindings::dma_buf_ops {
    pin: Some(pin),
    unpin: Some(unpin),
    ..IO_OPERATIONS
});

/// For memory that does not outlive its device. What the kernel has mapped of that could not be
/// taken back.
static IO_OPS: Shared<bindings::dma_buf_ops> = Shared::new(IO_OPERATIONS);

const IO_OPERATIONS: bindings::dma_buf_ops = bindings::dma_buf_ops {
    attach: Some(attach),
    map_dma_buf: Some(map_dma_buf),
    unmap_dma_buf: Some(unmap_dma_buf),
    release: Some(release),
    begin_cpu_access: Some(access::begin_cpu_access),
    end_cpu_access: Some(access::end_cpu_access),
    mmap: Some(mmap),
    ..pin_init::zeroed()
};

/// Makes a file descriptor of a dma-buf for `view`. `flags` are those of `open()`: `O_CLOEXEC`,
/// `O_RDWR`. What was imported is not exported again: the descriptor is of its own dma-buf.
/// Returns `EACCES` if the file may only read it, and somebody else is to write to it.
pub(crate) fn export(view: &View, flags: u32) -> Result<c_int> {
    let object = &view.object;
    if flags & bindings::O_RDWR != 0 && !view.is_writable() {
        return Err(EACCES);
    }
    let dmabuf = match (object.backing(), view.exported.as_ref()) {
        // Others would have memory of a process for as long as they please.
        #[cfg(CONFIG_MMU_NOTIFIER)]
        (Backing::User(_), _) => return Err(EOPNOTSUPP),
        (Backing::Imported(import), _) => import.dma_buf()?,
        (_, Some(exported)) if flags & bindings::O_RDWR != 0 => exported.clone(),
        _ => {
            let dmabuf = new_dma_buf(object.clone(), flags)?;
            if flags & bindings::O_RDWR != 0 {
                // Somebody else may have been faster; then there are two.
                view.exported.populate(dmabuf.clone());
            }
            dmabuf
        }
    };
    let cloexec = (flags & bindings::O_CLOEXEC) as c_int;
    // SAFETY: The dma-buf is valid; if it works out, the descriptor owns the reference.
    let fd = unsafe { bindings::dma_buf_fd(dmabuf.as_raw(), cloexec) };
    to_result(fd)?;
    core::mem::forget(dmabuf);
    Ok(fd)
}

/// Returns the object that a dma-buf was made of, if it was made here.
pub(crate) fn object_behind(dmabuf: &DmaBuf) -> Option<Arc<Object>> {
    // SAFETY: The dma-buf is valid, and if the operations are ours, so is the object.
    unsafe {
        let ops = (*dmabuf.as_raw()).ops;
        let ours = [
            OPS.get(),
            IO_OPS.get(),
            MOVABLE_OPS.get(),
            MOVABLE_IO_OPS.get(),
        ];
        let is_ours = ours.iter().any(|our| core::ptr::eq(ops, *our));
        is_ours.then(|| object_of(dmabuf.as_raw()).into())
    }
}

/// Returns the operations of memory that can be moved; `on_bus`, whether to a bus.
fn movable_ops(on_bus: bool) -> &'static Shared<bindings::dma_buf_ops> {
    match on_bus {
        true => &MOVABLE_IO_OPS,
        false => &MOVABLE_OPS,
    }
}

fn new_dma_buf(object: Arc<Object>, flags: u32) -> Result<DmaBuf> {
    let size = object.size();
    let resv = object.reservation().as_raw();
    let borrowers = object.borrowers().clone();
    let ops = match object.backing() {
        Backing::Device(memory) if memory.io().is_some() => IO_OPS.get(),
        Backing::Coherent(memory) => {
            memory.check_shareable()?;
            IO_OPS.get()
        }
        Backing::Movable(movable) => movable_ops(movable.may_be_on_bus()).get(),
        _ => OPS.get(),
    };
    let object = object.into_foreign();
    let info = bindings::dma_buf_export_info {
        exp_name: c"accel".as_char_ptr(),
        owner: this_module::<LocalModule>().as_ptr(),
        ops,
        size,
        // CAST: Flags of `open()` fit.
        flags: flags as c_int,
        resv,
        priv_: object,
    };
    // SAFETY: The description is valid; what it points to stays until `release`.
    let dmabuf = from_err_ptr(unsafe { bindings::dma_buf_export(&info) }).inspect_err(|_| {
        // SAFETY: There is no dma-buf, so the reference is still ours.
        drop(unsafe { Arc::<Object>::from_foreign(object) });
    })?;

    // SAFETY: The function returns a reference.
    let dmabuf = unsafe { DmaBuf::from_raw(dmabuf) }.ok_or(ENOMEM)?;
    // SAFETY: Nobody else has it yet. The address space is there as long as the object is, which
    // the dma-buf refers to; and `release` takes the dma-buf out before that is freed.
    unsafe {
        dmabuf.set_mapping(borrowers.mapping());
        borrowers.add_export(dmabuf.as_non_null())?;
    }
    Ok(dmabuf)
}

/// Returns what a dma-buf of ours is made of.
///
/// # Safety
///
/// The dma-buf must have been made by `export`, and must live as long as the result.
unsafe fn object_of<'a>(dmabuf: *mut bindings::dma_buf) -> ArcBorrow<'a, Object> {
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
    let object = unsafe { Arc::<Object>::from_foreign((*dmabuf).priv_) };
    object.borrowers().remove_export(dmabuf);
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
        // SAFETY: The dma-buf is valid.
        let object = unsafe { object_of(dmabuf) };
        let io = match object.backing() {
            Backing::Device(memory) => memory.io(),
            // Where it is matters when it is mapped.
            Backing::Movable(movable) => return movable.home().while_present(|| 0),
            _ => None,
        };
        if let Some(io) = io {
            // SAFETY: The attachment is valid, and the device is there meanwhile.
            object.while_present(|| unsafe { access::check_peer(io, attach) })??;
            return Ok(0);
        }
        object.while_present(|| ())?;
        if let Backing::Coherent(_) = object.backing() {
            // SAFETY: The attachment is valid.
            unsafe { access::check_revocable(attach) }?;
        }
        Ok(0)
    })
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
    // SAFETY: The attachment is valid, and so is its dma-buf.
    let object = unsafe { object_of((*attach).dmabuf) };
    // SAFETY: An importer maps for a device that is bound, as the DMA API requires.
    let device = unsafe { Device::<Bound>::from_raw((*attach).dev) };
    // SAFETY: For the same reason the device stays bound until it is unmapped.
    let map = |object: Arc<Object>| unsafe { ForeignMap::begin(object, device, direction) };
    let mapped = match object.backing() {
        Backing::Device(memory) if memory.io().is_some() => {
            // SAFETY: The attachment is valid, and its reservation is locked.
            unsafe { access::map_peer(&object, memory, attach, direction) }
        }
        Backing::Movable(movable) => {
            // SAFETY: The reservation is locked.
            unsafe { Locked::by_caller(movable) }.with_shared_home(map)
        }
        // Our device does not go before it is unmapped.
        Backing::Coherent(_) => {
            let grant = &object.borrowers().grant;
            grant
                .add_peer()
                .and_then(|()| map(object.into()).inspect_err(|_| grant.remove_peer()))
        }
        _ => object
            .while_granted(|| map(object.into()))
            .and_then(|table| table),
    };
    mapped.unwrap_or_else(|e| e.to_ptr())
}

/// Takes back [`map_dma_buf`].
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn unmap_dma_buf(
    attach: *mut bindings::dma_buf_attachment,
    table: *mut bindings::sg_table,
    direction: bindings::dma_data_direction,
) {
    // SAFETY: The dma-buf is valid.
    let object = unsafe { object_of((*attach).dmabuf) };
    // SAFETY: `map_dma_buf` has made the table, in the same way.
    unsafe {
        match object.backing() {
            Backing::Device(memory) if memory.io().is_some() => {
                access::unmap_peer(&object, attach, table, direction);
            }
            Backing::Coherent(_) => {
                ForeignMap::end(table);
                object.borrowers().grant.remove_peer();
            }
            _ => ForeignMap::end(table),
        }
    }
}

/// Lets the memory stay where it is.
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn pin(attach: *mut bindings::dma_buf_attachment) -> c_int {
    from_result(|| {
        // SAFETY: The attachment is valid, and so is its dma-buf.
        let object = unsafe { object_of((*attach).dmabuf) };
        // SAFETY: As above.
        let gives_back = unsafe { !(*attach).importer_ops.is_null() };
        if let Backing::Movable(movable) = object.backing() {
            // SAFETY: The reservation is locked.
            match unsafe { Locked::by_caller(movable) }.pin_for_sharing() {
                // For who does not pin by himself, the framework takes that for a bug.
                Err(EBUSY) if !gives_back => return Err(EOPNOTSUPP),
                pinned => drop(pinned?),
            }
        }
        Ok(0)
    })
}

/// Takes back [`pin`].
///
/// # Safety
///
/// See [`release`].
unsafe extern "C" fn unpin(attach: *mut bindings::dma_buf_attachment) {
    // SAFETY: The dma-buf is valid.
    if let Backing::Movable(movable) = unsafe { object_of((*attach).dmabuf) }.backing() {
        movable.unpin();
    }
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
        // Processes map the buffer in one range, by whichever file.
        //
        // SAFETY: The area is just being set up.
        unsafe { (*vma).vm_pgoff += object.range()?.first() as c_ulong };
        map::set_up(area, object.into());
        Ok(0)
    })
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_export)]
mod tests {
    use super::*;

    /// Who maps a dma-buf for the kernel has an error for it, or none at all: `dma_buf_vmap()`
    /// warns if the exporter has one.
    #[test]
    fn what_may_refuse_to_be_mapped_cannot_be() {
        let can = |ops: &Shared<bindings::dma_buf_ops>| {
            // SAFETY: The operations are static.
            let ops = unsafe { &*ops.get() };
            (ops.vmap.is_some(), ops.pin.is_some())
        };
        assert_eq!(can(movable_ops(true)), (false, true));
        assert_eq!(can(movable_ops(false)), (true, true));
        assert_eq!(can(&IO_OPS), (false, false));
    }
}
