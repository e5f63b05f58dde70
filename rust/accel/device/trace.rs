// SPDX-License-Identifier: GPL-2.0

//! Tracepoints: the events of the system `accel`, which `tracepoints.h` defines.
//!
//! One that is off is an instruction that does nothing. So what an event is made of is only
//! gathered once it is known that somebody listens, and out of line.

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
    device::Core, //
};

/// What an event has: a number, or a text, which C gets as a string.
trait Field {
    type Raw;

    fn raw(self) -> Self::Raw;
}

impl Field for u32 {
    type Raw = Self;

    fn raw(self) -> Self {
        self
    }
}

impl Field for u64 {
    type Raw = Self;

    fn raw(self) -> Self {
        self
    }
}

impl Field for c_int {
    type Raw = Self;

    fn raw(self) -> Self {
        self
    }
}

impl Field for &CStr {
    type Raw = *const c_char;

    fn raw(self) -> *const c_char {
        self.as_char_ptr()
    }
}

/// Declares a tracepoint, as a module of its name, with the fields that `tracepoints.h` says.
///
/// The macro of the kernel crate only knows those of the kernel's own headers.
macro_rules! tracepoint {
    ($name:ident($($arg:ident: $type:ty),*)) => {
        kernel::macros::paste! {
            mod $name {
                #[cfg(CONFIG_TRACEPOINTS)]
                #[allow(
                    improper_ctypes,
                    reason = "empty structures, which the kernel's compilers agree on"
                )]
                extern "C" {
                    static mut [< __tracepoint_ $name >]: kernel::bindings::tracepoint;
                    fn [< rust_do_trace_ $name >]($($arg: <$type as super::Field>::Raw),*);
                }

                /// Returns whether somebody listens.
                #[inline(always)]
                pub(crate) fn is_on() -> bool {
                    #[cfg(CONFIG_TRACEPOINTS)]
                    // SAFETY: The key is static, and C has defined it.
                    unsafe {
                        kernel::jump_label::static_branch_unlikely!(
                            [< __tracepoint_ $name >],
                            kernel::bindings::tracepoint,
                            key
                        )
                    }

                    #[cfg(not(CONFIG_TRACEPOINTS))]
                    false
                }

                /// Tells those who listen.
                pub(crate) fn emit($($arg: $type),*) {
                    #[cfg(CONFIG_TRACEPOINTS)]
                    // SAFETY: These are the fields of the tracepoint; a text is a C string.
                    unsafe { [< rust_do_trace_ $name >]($(super::Field::raw($arg)),*) };

                    #[cfg(not(CONFIG_TRACEPOINTS))]
                    $( let _ = super::Field::raw($arg); )*
                }
            }
        }
    };
}

tracepoint!(accel_open(minor: u32, client: u64, role: u32, ret: kernel::ffi::c_int));
tracepoint!(accel_release(minor: u32, client: u64));
tracepoint!(accel_ioctl_begin(
    minor: u32,
    client: u64,
    command: u32,
    name: &core::ffi::CStr
));
tracepoint!(accel_ioctl_end(
    minor: u32,
    client: u64,
    command: u32,
    name: &core::ffi::CStr,
    ret: kernel::ffi::c_int,
    duration_ns: u64
));
tracepoint!(accel_state(minor: u32, state: &core::ffi::CStr));
tracepoint!(accel_reset(
    minor: u32,
    cause: &core::ffi::CStr,
    ret: kernel::ffi::c_int,
    duration_ns: u64
));
tracepoint!(accel_error(
    minor: u32,
    kind: &core::ffi::CStr,
    code: u64,
    count: u64
));

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
