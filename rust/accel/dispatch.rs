// SPDX-License-Identifier: GPL-2.0

//! From the number of an ioctl to its handler.

use kernel::prelude::*;

use crate::{
    args::ArgsBuffer,
    buffer,
    context::Call,
    ffi,
    file::{
        OpenFile,
        Role, //
    },
    info,
    ioctl::{
        self,
        Entry,
        Shape, //
    },
    passthrough,
    uapi, //
};

/// The ioctls of the framework, in the order of their numbers.
//
// SAFETY: Each function accepts any call in the role that it is declared for, and checks the size
// of its structure.
static CORE_IOCTLS: [Entry; 6] = unsafe {
    [
        Entry::core(
            0x00,
            "ACCEL_IOC_INFO",
            "Asks for information about the device, by topic",
            size_of::<uapi::accel_info>(),
            info::ioctl,
        )
        .for_observers(),
        Entry::core(
            0x01,
            "ACCEL_IOC_BO_CREATE",
            "Creates a buffer",
            size_of::<uapi::accel_bo_create>(),
            buffer::create,
        ),
        Entry::core(
            0x02,
            "ACCEL_IOC_BO_INFO",
            "Tells what a buffer is",
            size_of::<uapi::accel_bo_info>(),
            buffer::info,
        ),
        Entry::core(
            0x03,
            "ACCEL_IOC_BO_CLOSE",
            "Gives up the handle of a buffer",
            size_of::<uapi::accel_bo_close>(),
            buffer::close,
        )
        .input_only(),
        Entry::core(
            0x04,
            "ACCEL_IOC_BO_MMAP_OFFSET",
            "Tells where in the file a buffer can be mapped",
            size_of::<uapi::accel_bo_mmap_offset>(),
            buffer::mmap_offset,
        ),
        Entry::core(
            0x06,
            "ACCEL_IOC_BO_EXPORT",
            "Makes a dma-buf of a buffer",
            size_of::<uapi::accel_bo_export>(),
            buffer::export,
        ),
    ]
};

/// Returns the ioctls of the framework that a device supports.
pub(crate) fn core_ioctls(call: &Call<'_>) -> &'static [Entry] {
    if call.core.has_buffers {
        &CORE_IOCTLS
    } else {
        // All others are on buffers.
        &CORE_IOCTLS[..1]
    }
}

/// Runs an ioctl of `file`. The order of the checks is part of the contract.
pub(crate) fn ioctl(file: &OpenFile, command: u32, arg: UserPtr) -> Result {
    let call = file.call().ok_or(ENODEV)?;
    let entry = find(&call, command).ok_or(ENOTTY)?;
    let shape = entry.shape;
    let handler = entry.handler;
    if file.role == Role::Observer && shape.flags & uapi::ACCEL_IOCTL_OBSERVER == 0 {
        return Err(EACCES);
    }
    passthrough::check_rights(call.core, entry)?;

    let mut buffer = ArgsBuffer::new();
    // SAFETY: The arguments are aligned and have the size of the structure. The handler is one of
    // the device that the call was admitted to, and the role has been checked.
    let run = |call, args: &mut [u8]| unsafe { handler(call, args) };
    if let Some(args) = buffer.read_nofault(shape, arg) {
        run(call, args)?;
        return write_back(shape, arg, args);
    }

    // To bring user memory may take as long as user space pleases, so the gate is left before.
    drop(call);
    let (args, known) = buffer.read(shape, arg)?;
    // A device that is gone does not come back. So if this succeeds, the handler is still there.
    run(file.call().ok_or(ENODEV)?, args)?;
    write_back(shape, arg, &args[..known])
}

/// Writes the structure back, as far as user space knows it.
#[inline]
fn write_back(shape: Shape, arg: UserPtr, args: &[u8]) -> Result {
    if shape.flags & uapi::ACCEL_IOCTL_OUT == 0 {
        return Ok(());
    }
    ffi::copy_to_user(arg, args)
}

/// Finds the entry for `command`. It must not be used after the call has been given up.
#[inline]
fn find(call: &Call<'_>, command: u32) -> Option<&'static Entry> {
    let table = if command & 0xff < uapi::ACCEL_IOC_DRIVER_BASE.into() {
        &CORE_IOCTLS
    } else {
        // SAFETY: The call is inside the gate.
        unsafe { call.core.ops() }.ioctls
    };
    ioctl::find(table, command)
}
