// SPDX-License-Identifier: GPL-2.0

//! The ioctls on buffers.
//!
//! To allocate or free much memory takes long, so that is done outside of the gate.

use kernel::{
    bindings,
    page::{
        PAGE_SHIFT,
        PAGE_SIZE, //
    },
    prelude::*, //
};
use zerocopy::KnownLayout;

use super::{
    pages::pages_of,
    Handles,
    Limits,
    Object, //
};
use crate::{
    context::Call,
    file::OpenFile,
    uapi::{
        accel_bo_close,
        accel_bo_create,
        accel_bo_export,
        accel_bo_info,
        accel_bo_mmap_offset,
        ACCEL_BO_POPULATE, //
    },
};

/// Returns the file of a call, its buffers, and how much it may have. Returns `EOPNOTSUPP` if the
/// device has no buffers.
fn buffers<'a>(call: &Call<'a>) -> Result<(&'a OpenFile, &'a Handles, Limits)> {
    let file = call.file.ok_or(EOPNOTSUPP)?;
    let handles = file.buffers.as_deref().ok_or(EOPNOTSUPP)?;
    // SAFETY: The call is inside the gate.
    let limits = unsafe { call.core.ops() }.buffers.ok_or(EOPNOTSUPP)?;
    Ok((file, handles, limits.with_administrator()))
}

fn typed<A: FromBytes + IntoBytes + KnownLayout>(args: &mut [u8]) -> Result<&mut A> {
    A::mut_from_bytes(args).map_err(|_| EINVAL)
}

/// Handles `ACCEL_IOC_BO_CREATE`. Accepts any call of a user.
pub(crate) fn create(call: Call<'_>, args: &mut [u8]) -> Result {
    let args = typed::<accel_bo_create>(args)?;
    let (file, handles, limits) = buffers(&call)?;
    if args.flags & !ACCEL_BO_POPULATE != 0 || args.handle != 0 || args.region != 0 {
        return Err(EINVAL);
    }

    let pages = pages_of(args.bytes)?;
    let reservation = handles.reserve(pages * PAGE_SIZE, limits)?;
    let region = call.core.region.clone();

    drop(call);
    let object = Object::new(region, pages, args.flags)?;
    // Who has lost the device meanwhile gets no more handles.
    let _call = file.call().ok_or(ENODEV)?;
    args.handle = reservation.fill(object)?;
    args.bytes = (pages * PAGE_SIZE) as u64;
    Ok(())
}

/// Handles `ACCEL_IOC_BO_INFO`. Accepts any call of a user.
pub(crate) fn info(call: Call<'_>, args: &mut [u8]) -> Result {
    let args = typed::<accel_bo_info>(args)?;
    let (_, handles, _) = buffers(&call)?;
    if args.bytes != 0 || args.region != 0 || args.flags != 0 {
        return Err(EINVAL);
    }
    let handle = handles.get(args.handle)?;
    args.bytes = handle.object.size() as u64;
    args.flags = handle.object.flags();
    Ok(())
}

/// Handles `ACCEL_IOC_BO_CLOSE`. Accepts any call of a user.
pub(crate) fn close(call: Call<'_>, args: &mut [u8]) -> Result {
    let args = typed::<accel_bo_close>(args)?;
    let (_, handles, _) = buffers(&call)?;
    let handle = handles.remove(args.handle)?;
    drop(call);
    drop(handle);
    Ok(())
}

/// Handles `ACCEL_IOC_BO_MMAP_OFFSET`. Accepts any call of a user.
pub(crate) fn mmap_offset(call: Call<'_>, args: &mut [u8]) -> Result {
    let args = typed::<accel_bo_mmap_offset>(args)?;
    let (_, handles, _) = buffers(&call)?;
    if args.offset != 0 {
        return Err(EINVAL);
    }
    args.offset = (handles.get(args.handle)?.first_page as u64) << PAGE_SHIFT;
    Ok(())
}

/// Handles `ACCEL_IOC_BO_EXPORT`. Accepts any call of a user.
pub(crate) fn export(call: Call<'_>, args: &mut [u8]) -> Result {
    let args = typed::<accel_bo_export>(args)?;
    let (_, handles, _) = buffers(&call)?;
    if args.flags & !(bindings::O_CLOEXEC | bindings::O_RDWR) != 0 || args.fd != 0 {
        return Err(EINVAL);
    }
    let object = handles.get(args.handle)?.object.clone();
    args.fd = super::export::export(object, args.flags)?;
    Ok(())
}
