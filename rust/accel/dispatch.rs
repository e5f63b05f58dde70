// SPDX-License-Identifier: GPL-2.0

//! From the number of an ioctl to its handler.

use kernel::{
    prelude::*,
    uaccess::UserSlice, //
};

use crate::{
    context::Call,
    file::{
        OpenFile,
        Role, //
    },
    info,
    ioctl::{
        self,
        ArgsBuffer,
        Entry,
        ARGS_MAX, //
    },
    passthrough,
    uapi, //
};

/// The ioctls that every device has, in the order of their numbers.
pub(crate) static CORE_IOCTLS: [Entry; 1] = [
    // SAFETY: `info::ioctl` accepts any call, and checks the size of its structure.
    unsafe {
        Entry::core(
            0x00,
            "ACCEL_IOC_INFO",
            "Asks for information about the device, by topic",
            size_of::<uapi::accel_info>(),
            info::ioctl,
        )
    },
];

/// Runs an ioctl of `file`. The order of the checks is part of the contract.
pub(crate) fn ioctl(file: &OpenFile, command: u32, arg: UserPtr) -> Result {
    let call = file.call()?;

    let entry = find(&call, command).ok_or(ENOTTY)?;
    if file.role == Role::Observer && entry.flags & uapi::ACCEL_IOCTL_OBSERVER == 0 {
        return Err(EACCES);
    }
    passthrough::check_rights(&call, entry)?;

    let mut args: ArgsBuffer = [0; ARGS_MAX / size_of::<u64>()];
    let known = entry.read_args(arg, &mut args)?;
    // Once the handler has given up the call, the entry may be gone with the driver's module.
    let writes_back = entry.flags & uapi::ACCEL_IOCTL_OUT != 0;
    // CAST: At most `ARGS_MAX`.
    let size = entry.size as usize;

    // SAFETY: The buffer is aligned and large enough for any structure. The call was admitted to
    // the device that the entry was found for, and the role has just been checked.
    unsafe { (entry.handler)(call, &mut args.as_mut_bytes()[..size]) }?;

    if writes_back {
        UserSlice::new(arg, known)
            .writer()
            .write_slice(&args.as_bytes()[..known])?;
    }
    Ok(())
}

/// Finds the entry for `command`. It must not be used after the call has been given up.
fn find(call: &Call<'_>, command: u32) -> Option<&'static Entry> {
    ioctl::find(&CORE_IOCTLS, command).or_else(|| {
        // SAFETY: The call is inside the gate.
        let ops = unsafe { call.core.ops() };
        ioctl::find(ops.ioctls, command)
    })
}
