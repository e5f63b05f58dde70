// SPDX-License-Identifier: GPL-2.0

//! From the number of an ioctl to its handler.

mod table;

use kernel::prelude::*;

use self::table::CORE_IOCTLS;
use super::{
    args::ArgsBuffer,
    passthrough, //
};
use crate::{
    base::{
        arrays::{
            Array,
            Shapes,
            MAX_ARRAYS, //
        },
        records,
        user_memory::UserMemory, //
    },
    device::{
        call::Call,
        file::{
            OpenFile,
            Role, //
        },
        ops::ioctl::{
            self,
            Entry,
            Handler,
            Shape, //
        },
        reset::ResetWait, //
    },
    sys::{
        ffi,
        uapi::{
            self,
            flags::IoctlFlag, //
        }, //
    }, //
};

/// Returns the ioctls of the framework that a device supports.
pub(crate) fn core_ioctls(call: &Call<'_>) -> impl Iterator<Item = &'static Entry> {
    // Those on buffers have these numbers.
    let is_on_buffers = |entry: &Entry| matches!(entry.command & 0xff, 0x01..=0x0f);
    let has_buffers = call.ops().buffers.is_some();
    CORE_IOCTLS
        .iter()
        .filter(move |entry| has_buffers || !is_on_buffers(entry))
}

/// Runs an ioctl of `file`.
///
/// `nonblock` says whether the file is not to be kept waiting; it is only asked when that matters.
///
/// If the handler asks for memory that is not at hand, it fails, the memory is brought with nothing
/// of the driver in the call, and it is called anew.
pub(crate) fn ioctl(
    file: &OpenFile,
    nonblock: impl Fn() -> bool,
    command: u32,
    arg: UserPtr,
) -> Result {
    loop {
        let mut absent = None;
        match (attempt(file, &nonblock, command, arg, &mut absent), absent) {
            (Err(e), Some(memory)) if e == EFAULT => memory.bring()?,
            (result, _) => return result,
        }
    }
}

/// Runs an ioctl of `file`, once. The order of the checks is part of the contract.
#[inline(always)]
fn attempt(
    file: &OpenFile,
    nonblock: &impl Fn() -> bool,
    command: u32,
    arg: UserPtr,
    absent: &mut Option<UserMemory>,
) -> Result {
    let call = match file.call_running() {
        Some(call) => call,
        None => admit(file, nonblock(), command)?,
    };
    let entry = find(&call, command).ok_or(ENOTTY)?;
    let shape = entry.shape;
    if file.role == Role::Observer && !shape.flags.contains(IoctlFlag::Observer) {
        return Err(EACCES);
    }
    passthrough::check_rights(call.core, entry)?;
    // The reference is given up when the handler has returned.
    let (call, _awake) = if shape.flags.contains(IoctlFlag::Powered) {
        let (call, awake) = call.wake_up(|| reset_wait(nonblock()))?;
        (call, Some(awake))
    } else {
        (call, None)
    };

    let mut buffer = ArgsBuffer::new();
    if let Handler::Plain(handler) = entry.handler {
        if let Some(args) = buffer.read_nofault(shape, arg) {
            // SAFETY: The arguments are aligned and have the size of the structure. The handler is
            // one of the device that the call was admitted to, and the role has been checked.
            return match run(call, command, absent, |call| unsafe { handler(call, args) }) {
                Ok(()) => write_back(shape, arg, args),
                Err(e) => fail(shape, arg, args, e),
            };
        }
    }
    let call = match entry.handler {
        Handler::Plain(_) => call,
        Handler::WithArrays(..) => match with_few(call, entry, arg, &mut buffer, absent) {
            Ok(result) => return result,
            Err(call) => call,
        },
    };
    // To bring user memory may take as long as user space pleases, so the gate is left before. From
    // then on, the driver's module may be unloaded, and its table with it: all that is taken along
    // is a copy of what the arguments look like.
    let shapes = match entry.handler {
        Handler::Plain(_) => Shapes::NONE,
        Handler::WithArrays(_, shapes) => *shapes,
    };
    drop(call);
    ioctl_slowpath(file, nonblock, command, arg, shape, &shapes, absent)
}

/// Runs an ioctl with arrays that are small and at hand. If they are not, gives the call back.
#[inline(never)]
fn with_few<'a>(
    call: Call<'a>,
    entry: &Entry,
    arg: UserPtr,
    buffer: &mut ArgsBuffer,
    absent: &mut Option<UserMemory>,
) -> core::result::Result<Result, Call<'a>> {
    let (Handler::WithArrays(handler, shapes), shape) = (entry.handler, entry.shape) else {
        return Err(call);
    };
    let mut arrays = [const { Array::EMPTY }; MAX_ARRAYS];
    let Some(args) = buffer.read_nofault(shape, arg) else {
        return Err(call);
    };
    if !shapes.read_nofault(args, &mut arrays) {
        return Err(call);
    }
    let result = call.with_section_of_user(absent, |call| {
        // SAFETY: As in `attempt`; the arrays were read for this structure.
        unsafe { handler(call, args, &mut arrays) }
    });
    Ok(match result {
        Ok(()) => write_back(shape, arg, args),
        Err(e) => fail(shape, arg, args, e),
    })
}

/// Runs an ioctl that takes user memory which is not at hand, or more than its structure.
#[cold]
#[inline(never)]
fn ioctl_slowpath(
    file: &OpenFile,
    nonblock: &impl Fn() -> bool,
    command: u32,
    arg: UserPtr,
    shape: Shape,
    shapes: &Shapes,
    absent: &mut Option<UserMemory>,
) -> Result {
    let mut buffer = ArgsBuffer::new();
    let (args, known) = buffer.read(shape, arg)?;
    let mut arrays = shapes.read(args)?;
    // A device that is gone does not come back. So if this succeeds, the table is the same, and the
    // arguments are of the shapes that it says.
    let call = match file.call_running() {
        Some(call) => call,
        None => admit(file, nonblock(), command)?,
    };
    let handler = find(&call, command).ok_or(ENOTTY)?.handler;
    // SAFETY: As in `ioctl`; the arrays were read for this structure.
    let result = run(call, command, absent, |call| unsafe {
        match handler {
            Handler::Plain(handler) => handler(call, args),
            Handler::WithArrays(handler, _) => handler(call, args, &mut arrays),
        }
    });
    if let Err(e) = result {
        return fail(shape, arg, &args[..known], e);
    }
    for array in &mut arrays {
        array.write_back()?;
    }
    write_back(shape, arg, &args[..known])
}

/// Calls `f`, which calls the handler for `command`. If that fails, tells which memory of the
/// process the driver has not found at hand.
#[inline(always)]
fn run(
    call: Call<'_>,
    command: u32,
    absent: &mut Option<UserMemory>,
    f: impl FnOnce(Call<'_>) -> Result,
) -> Result {
    if is_of_core(command) {
        f(call)
    } else {
        call.with_section_of_user(absent, f)
    }
}

/// Returns the name of an ioctl of `file`, as a C string.
///
/// It is "-" if there is no such ioctl, or if the device is gone, and with it its driver's table.
pub(crate) fn name(file: &OpenFile, command: u32) -> [u8; ioctl::NAME_SIZE] {
    let call = file.call();
    let entry = call.as_ref().and_then(|call| find(call, command));
    records::text(entry.map_or("-", |entry| entry.name).as_bytes())
}

/// Admits an ioctl to a device that is not running: at once, if it does not reach the hardware; or
/// when the device is running again.
#[cold]
#[inline(never)]
fn admit(file: &OpenFile, nonblock: bool, command: u32) -> Result<Call<'_>> {
    let call = file.call().ok_or(ENODEV)?;
    let flags = find(&call, command).ok_or(ENOTTY)?.shape.flags;
    if flags.contains(IoctlFlag::Observer) {
        return Ok(call);
    }
    if file.role == Role::Observer {
        return Err(EACCES);
    }

    drop(call);
    file.call_when_running(reset_wait(nonblock))
}

/// Returns how long an ioctl waits for a reset.
fn reset_wait(nonblock: bool) -> ResetWait {
    if nonblock {
        ResetWait::None
    } else {
        ResetWait::Interruptible
    }
}

/// Writes the structure back, as far as user space knows it.
#[inline]
fn write_back(shape: Shape, arg: UserPtr, args: &[u8]) -> Result {
    if !shape.flags.contains(IoctlFlag::Out) {
        return Ok(());
    }
    ffi::copy_to_user(arg, args)
}

/// Ends an ioctl that has failed with `error`.
///
/// If it was interrupted, the structure is written back: with the time at which it would have given
/// up, so that it does not wait for longer if it is made again.
#[cold]
#[inline(never)]
fn fail(shape: Shape, arg: UserPtr, args: &[u8], error: Error) -> Result {
    if error == EINTR {
        write_back(shape, arg, args)?;
    }
    Err(error)
}

/// Returns whether an ioctl is one of the framework.
#[inline]
fn is_of_core(command: u32) -> bool {
    command & 0xff < uapi::ACCEL_IOC_DRIVER_BASE.into()
}

/// Finds the entry for `command`. It must not be used after the call has been given up.
#[inline]
fn find(call: &Call<'_>, command: u32) -> Option<&'static Entry> {
    let table = if is_of_core(command) {
        &CORE_IOCTLS
    } else {
        call.ops().ioctls
    };
    ioctl::find(table, command)
}
