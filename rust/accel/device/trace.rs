// SPDX-License-Identifier: GPL-2.0

//! What a device tells those who trace it: the events of the system `accel`.
//!
//! What an event is made of is only gathered once it is known that somebody listens, and out of
//! line.

use kernel::{
    ffi::c_int,
    prelude::*, //
};

use super::{
    file::{
        OpenFile,
        Role, //
    },
    health::Fault,
    reset::Cause, //
};
use crate::{
    base::state::State,
    device::Core,
    sys::tracepoints::{
        accel_error,
        accel_ioctl_begin,
        accel_ioctl_end,
        accel_open,
        accel_release,
        accel_reset,
        accel_state, //
    }, //
};

/// Somebody has opened `core` in a role, or failed to.
#[inline(always)]
pub(crate) fn open(core: &Core, role: Role, opened: Result<&OpenFile, &Error>) {
    #[cold]
    #[inline(never)]
    fn emit(core: &Core, role: Role, opened: Result<&OpenFile, &Error>) {
        let (client, ret) = match opened {
            Ok(file) => (file.id, 0),
            Err(e) => (0, e.to_errno()),
        };
        accel_open::emit(core.minor.number(), client, role as u32, ret);
    }

    if accel_open::is_on() {
        emit(core, role, opened);
    }
}

/// The last descriptor of `file` was closed.
#[inline(always)]
pub(crate) fn release(file: &OpenFile) {
    if accel_release::is_on() {
        accel_release::emit(file.core.minor.number(), file.id);
    }
}

/// Returns whether somebody listens to ioctls.
#[inline(always)]
pub(crate) fn ioctls() -> bool {
    accel_ioctl_begin::is_on() || accel_ioctl_end::is_on()
}

/// An ioctl of `file` begins.
pub(crate) fn ioctl_begin(file: &OpenFile, command: u32, name: &CStr) {
    if accel_ioctl_begin::is_on() {
        let minor = file.core.minor.number();
        accel_ioctl_begin::emit(minor, file.id, command, name);
    }
}

/// It has returned `ret`, after so many nanoseconds.
pub(crate) fn ioctl_end(file: &OpenFile, command: u32, name: &CStr, ret: c_int, duration_ns: u64) {
    if accel_ioctl_end::is_on() {
        let minor = file.core.minor.number();
        accel_ioctl_end::emit(minor, file.id, command, name, ret, duration_ns);
    }
}

/// `core` has another state than before.
pub(crate) fn state(core: &Core, state: State) {
    if accel_state::is_on() {
        accel_state::emit(core.minor.number(), state.name());
    }
}

/// A reset of `core` has ended so, after so many nanoseconds.
pub(crate) fn reset(core: &Core, cause: Cause, result: Result, duration_ns: u64) {
    if accel_reset::is_on() {
        let ret = result.map_or_else(|e| e.to_errno(), |()| 0);
        let cause = cause.name();
        accel_reset::emit(core.minor.number(), cause, ret, duration_ns);
    }
}

/// A fault of `core` is the `count`th. May be called in any context.
pub(crate) fn error(core: &Core, fault: Fault, count: u64) {
    if accel_error::is_on() {
        let kind = fault.kind.name();
        accel_error::emit(core.minor.number(), kind, fault.code, count);
    }
}
