// SPDX-License-Identifier: GPL-2.0

//! Tracepoints: the events of the system `accel`, which `tracepoints.h` defines.
//!
//! One that is off is an instruction that does nothing.

use kernel::{
    ffi::c_int,
    prelude::*, //
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
            pub(crate) mod $name {
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
