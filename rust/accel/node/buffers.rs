// SPDX-License-Identifier: GPL-2.0

//! The ioctls on buffers.
//!
//! To allocate or free much memory takes long, so that is done outside of the gate.

use kernel::{
    fs::file::flags,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*,
    sync::Arc, //
};

use crate::{
    base::{
        data::Data,
        state::State, //
    },
    buffers::{
        allocate,
        object_behind,
        Handles,
        Limits,
        Object, //
    },
    device::{
        call::Call,
        file::{
            OpenFile,
            Role, //
        },
        ops::DriverOps,
        reset::ResetWait, //
    },
    memory::{
        pages_of,
        DmaBuf,
        PlaceRequest,
        Placement, //
    },
    sys::uapi::{
        accel_bo_close,
        accel_bo_create,
        accel_bo_export,
        accel_bo_import,
        accel_bo_info,
        accel_bo_mmap_offset,
        accel_bo_userptr,
        flags::{
            BoFlag,
            BoFlags, //
        }, //
    }, //
};

#[cfg(CONFIG_MMU_NOTIFIER)]
use crate::sys::uapi::ACCEL_USERPTR_READONLY;

/// The number of the region of system memory.
const SYSTEM: u32 = 0;

/// Returns the file of a call, its buffers, and how much it may have. Returns `EOPNOTSUPP` if the
/// device has no buffers.
fn buffers<'a>(call: &Call<'a>) -> Result<(&'a OpenFile, &'a Handles, Limits)> {
    let file = call.file.ok_or(EOPNOTSUPP)?;
    let handles = file.buffers.as_deref().ok_or(EOPNOTSUPP)?;
    let limits = call.ops().buffers.ok_or(EOPNOTSUPP)?;
    Ok((file, handles, limits.with_administrator()))
}

/// Returns the operations of the driver for a call of a user, or `EOPNOTSUPP`.
fn user_ops<'a>(call: &'a Call<'_>) -> Result<&'a DriverOps> {
    match call.file {
        Some(file) if file.role == Role::User => Ok(call.ops()),
        _ => Err(EOPNOTSUPP),
    }
}

/// Lets the driver make the data of `object`, which the file may write to if `may_write`.
fn make_data<'a>(call: &'a Call<'_>, object: &Arc<Object>, may_write: bool) -> Result<Data<'a>> {
    let fns = user_ops(call)?.features.buffer_or_none();
    // SAFETY: The call is one of a device of this driver, and of a user.
    let raw = unsafe { (fns.make)(call, object, may_write) }?;
    // SAFETY: It was just made, and the call is borrowed as long as the result is there.
    Ok(unsafe { Data::from_raw(fns.drop, raw) })
}

/// Lets the driver make the data of `object`, and returns the handle that `fill` gives both. What
/// has no handle then goes outside of the gate.
fn publish(
    call: Call<'_>,
    object: Arc<Object>,
    may_write: bool,
    fill: impl FnOnce(Arc<Object>, Data<'_>) -> Result<u32>,
) -> Result<u32> {
    let handle = make_data(&call, &object, may_write).and_then(|data| fill(object.clone(), data));
    drop(call);
    object.release();
    handle
}

/// Handles `ACCEL_IOC_BO_CREATE`.
pub(crate) fn create(call: Call<'_>, args: &mut accel_bo_create) -> Result {
    let (file, handles, limits) = buffers(&call)?;
    let flags = BoFlags::try_from(args.flags)?;
    if args.handle != 0 {
        return Err(EINVAL);
    }
    let movable = flags.contains(BoFlag::Movable);
    let populate = flags.contains(BoFlag::Populate);
    let region = call.core.pool.region(args.region).ok_or(EINVAL)?;
    if movable && (populate || !region.is_of_device()) {
        return Err(EINVAL);
    }

    let pages = pages_of(args.bytes)?;
    let reservation = handles.reserve(pages * PAGE_SIZE, limits)?;
    let pool = call.core.pool.clone();

    let placement = match region.is_of_device() {
        true => place(&call, args.region, pages)?,
        false => Placement::ANYWHERE,
    };
    // Only memory of the device is touched with the device held, and awake.
    let (call, object) = if args.region == SYSTEM {
        drop(call);
        // SAFETY: The memory is the system's.
        let object = unsafe { Object::new(pool, SYSTEM, pages, &placement, flags) }?;
        // Who has lost the device meanwhile gets no more handles.
        (file.call_when_running(ResetWait::Killable)?, object)
    } else {
        let (call, object) = allocate_awake(call, file, |call| {
            allocate(call, args.region, pages, &placement, flags)
        })?;
        let object = match movable {
            true => Object::movable(object, placement, flags)?,
            false => object,
        };
        (call, object)
    };
    args.handle = publish(call, object, true, |object, data| {
        reservation.fill(object, data, true)
    })?;
    args.bytes = (pages * PAGE_SIZE) as u64;
    Ok(())
}

/// Calls `allocate` with the device awake. If that gives up in favour of a reset, calls it again
/// when that is over.
fn allocate_awake<'a>(
    mut call: Call<'a>,
    file: &'a OpenFile,
    allocate: impl Fn(&Call<'_>) -> Result<Arc<Object>>,
) -> Result<(Call<'a>, Arc<Object>)> {
    loop {
        let (admitted, awake) = call.wake_up(|| ResetWait::Killable)?;
        match allocate(&admitted) {
            // As long as the call is there, so is the state.
            Err(e) if e == EAGAIN && admitted.core.gate.state() != State::Running => (),
            object => {
                let object = object?;
                object.keep_awake(awake);
                return Ok((admitted, object));
            }
        }
        drop(awake);
        drop(admitted);
        call = file.call_when_running(ResetWait::Killable)?;
    }
}

/// Asks the driver where in region number `region`, memory of the device, so many pages are to be.
fn place(call: &Call<'_>, region: u32, pages: usize) -> Result<Placement> {
    let Some(fns) = user_ops(call)?.features.memory else {
        return Ok(Placement::ANYWHERE);
    };
    let request = PlaceRequest {
        region,
        bytes: (pages * PAGE_SIZE) as u64,
    };
    // SAFETY: The call is one of a device of this driver, and of a user.
    unsafe { (fns.place)(call, &request) }
}

/// Handles `ACCEL_IOC_BO_INFO`.
pub(crate) fn info(call: Call<'_>, args: &mut accel_bo_info) -> Result {
    let (_, handles, _) = buffers(&call)?;
    if args.bytes != 0 || args.region != 0 || args.flags != 0 {
        return Err(EINVAL);
    }
    let handle = handles.get(args.handle)?;
    args.bytes = handle.object.size() as u64;
    args.region = handle.object.region();
    args.flags = handle.object.flags().into();
    Ok(())
}

/// Handles `ACCEL_IOC_BO_CLOSE`.
pub(crate) fn close(call: Call<'_>, args: &mut accel_bo_close) -> Result {
    let (_, handles, _) = buffers(&call)?;
    let entry = handles.remove(args.handle)?;
    let fns = call.ops().features.buffer_or_none();
    if let Some(data) = entry.data {
        // SAFETY: The handle is not there any more, and was one of a device of this driver.
        drop(unsafe { Data::from_raw(fns.drop, data) });
    }
    drop(call);
    let object = entry.view.object.clone();
    drop(entry);
    object.release();
    Ok(())
}

/// Handles `ACCEL_IOC_BO_MMAP_OFFSET`.
pub(crate) fn mmap_offset(call: Call<'_>, args: &mut accel_bo_mmap_offset) -> Result {
    let (_, handles, _) = buffers(&call)?;
    if args.offset != 0 {
        return Err(EINVAL);
    }
    args.offset = (handles.first_page(args.handle)? as u64) << PAGE_SHIFT;
    Ok(())
}

/// Handles `ACCEL_IOC_BO_USERPTR`.
#[cfg(CONFIG_MMU_NOTIFIER)]
pub(crate) fn user_memory(call: Call<'_>, args: &mut accel_bo_userptr) -> Result {
    let (file, handles, limits) = buffers(&call)?;
    let may_write = match args.flags {
        0 => true,
        ACCEL_USERPTR_READONLY => false,
        _ => return Err(EINVAL),
    };
    if args.handle != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    let start = usize::try_from(args.address).map_err(|_| EINVAL)?;
    let len = usize::try_from(args.bytes).map_err(|_| EINVAL)?;
    let reservation = handles.reserve(len, limits)?;
    let pool = call.core.pool.clone();

    // To bring memory of a process may take as long as user space pleases.
    drop(call);
    let object = Object::of_user(pool, start, len, may_write)?;
    let call = file.call_when_running(ResetWait::Killable)?;
    args.handle = publish(call, object, may_write, |object, data| {
        reservation.fill(object, data, may_write)
    })?;
    Ok(())
}

/// Handles `ACCEL_IOC_BO_USERPTR` in a kernel that does not tell what becomes of the memory.
#[cfg(not(CONFIG_MMU_NOTIFIER))]
pub(crate) fn user_memory(_call: Call<'_>, _args: &mut accel_bo_userptr) -> Result {
    Err(EOPNOTSUPP)
}

/// Handles `ACCEL_IOC_BO_IMPORT`.
pub(crate) fn import(call: Call<'_>, args: &mut accel_bo_import) -> Result {
    let (file, handles, limits) = buffers(&call)?;
    if args.flags != 0 || args.handle != 0 || args.bytes != 0 {
        return Err(EINVAL);
    }
    let dmabuf = DmaBuf::from_fd(args.fd)?;
    let own = object_behind(&dmabuf).filter(|object| object.is_of(&call.core.pool));
    let identity = own
        .as_ref()
        .map_or_else(|| dmabuf.identity(), |own| own.identity());

    args.bytes = dmabuf.size() as u64;
    let may_write = dmabuf.is_writable();
    if let Some(handle) = handles.find(identity, may_write) {
        args.handle = handle;
        return Ok(());
    }
    let reservation = handles.reserve(dmabuf.size(), limits)?;
    let (call, object) = match own {
        Some(own) => (call, own),
        None => import_foreign(call, file, dmabuf)?,
    };
    args.handle = publish(call, object, may_write, |object, data| {
        reservation.fill_imported(object, data, may_write)
    })?;
    Ok(())
}

/// Imports a dma-buf of somebody else, outside of the gate: its exporter may take its time.
fn import_foreign<'a>(
    call: Call<'_>,
    file: &'a OpenFile,
    dmabuf: DmaBuf,
) -> Result<(Call<'a>, Arc<Object>)> {
    let pool = call.core.pool.clone();
    let device = call.parent().into();
    drop(call);
    let object = Object::import(pool, device, dmabuf, || file.check_usable())?;
    let entered = file.call_when_running(ResetWait::Killable);
    match entered.and_then(|call| object.register().map(|()| call)) {
        Ok(call) => Ok((call, object)),
        Err(e) => {
            object.release();
            Err(e)
        }
    }
}

/// Handles `ACCEL_IOC_BO_EXPORT`.
pub(crate) fn export(call: Call<'_>, args: &mut accel_bo_export) -> Result {
    let (_, handles, _) = buffers(&call)?;
    if args.flags & !(flags::O_CLOEXEC | flags::O_RDWR) != 0 || args.fd != 0 {
        return Err(EINVAL);
    }
    let view = handles.remember(args.handle)?;
    args.fd = crate::buffers::export_view(&view, args.flags)?;
    Ok(())
}
