// SPDX-License-Identifier: GPL-2.0

//! What the uevents of a device say.
//!
//! The driver core sends them when a device appears and when it goes, and [`Core::send_uevent`]
//! when its state has changed or an error was reported. All carry what there is to know at that
//! moment, also the ones that `udevadm trigger` asks for.

use kernel::{
    bindings,
    container_of,
    error::to_result,
    ffi::c_int,
    fmt::Write,
    prelude::*,
    str::Formatter,
    types::Opaque, //
};

use crate::{
    device::Core,
    sys::ffi, //
};

/// How many variables of a driver's own a uevent has, at most.
pub(crate) const MAX_VARIABLES: usize = 4;

/// How many bytes the name of one has, at most.
pub(crate) const MAX_NAME: usize = 31;

/// How much time there is between two uevents of a driver's own at least, in milliseconds.
pub(crate) const INTERVAL_MS: u64 = 100;

/// Room for "ACCEL_DRIVER_", a name, "=", a number of 64 bits, and NUL.
const VARIABLE_SIZE: usize = 72;

impl Core {
    /// Sends a uevent with variables of the driver's own. Returns `EINVAL` if there are too many of
    /// them, `EBUSY` if it is too early for another uevent, `ENODEV`, or `ENOMEM`. May sleep.
    pub(crate) fn send_driver_uevent(&self, variables: &[(&str, u64)]) -> Result {
        if variables.len() > MAX_VARIABLES {
            return Err(EINVAL);
        }
        // The device is not removed meanwhile.
        let call = self.enter()?;
        self.driver_uevents.admit(ffi::monotonic_ns())?;
        let mut texts = [[0; VARIABLE_SIZE]; MAX_VARIABLES];
        let mut pointers = [core::ptr::null_mut(); MAX_VARIABLES + 1];
        for (i, (name, value)) in variables.iter().enumerate() {
            // The last byte stays zero.
            let mut out = Formatter::new(&mut texts[i][..VARIABLE_SIZE - 1]);
            write!(out, "ACCEL_DRIVER_{name}={value}").map_err(|_| EINVAL)?;
            pointers[i] = texts[i].as_mut_ptr().cast();
        }
        // SAFETY: The device is there as long as the call is. The pointers are to C strings, and
        // end with null.
        to_result(unsafe {
            bindings::kobject_uevent_env(
                &raw mut (*call.core.dev.get()).kobj,
                bindings::kobject_action_KOBJ_CHANGE,
                pointers.as_mut_ptr(),
            )
        })
    }

    /// Sends a uevent, if there is memory for it. The device must be there. May sleep.
    pub(crate) fn send_uevent(&self) {
        // SAFETY: The device is initialised, and by the requirements it is there.
        unsafe {
            bindings::kobject_uevent(
                &raw mut (*self.dev.get()).kobj,
                bindings::kobject_action_KOBJ_CHANGE,
            )
        };
    }
}

/// Adds the variables to a uevent.
///
/// # Safety
///
/// To be called by the driver core, for a device of ours.
pub(crate) unsafe extern "C" fn add_variables(
    dev: *const bindings::device,
    env: *mut bindings::kobj_uevent_env,
) -> c_int {
    // SAFETY: The device is part of a `Core`, and is there while one of its uevents is made.
    let core = unsafe { &*container_of!(Opaque::cast_from(dev), Core, dev) };
    let record = core.health.record();

    // SAFETY: The environment is valid during this call; the arguments are what the formats say.
    let result = unsafe {
        to_result(bindings::add_uevent_var(
            env,
            c"ACCEL_STATE=%s".as_char_ptr(),
            core.gate.state().name().as_char_ptr(),
        ))
        .and_then(|()| {
            to_result(bindings::add_uevent_var(
                env,
                c"ACCEL_RESET=%llu".as_char_ptr(),
                record.resets,
            ))
        })
        .and_then(|()| match record.last {
            None => Ok(()),
            Some((fault, _)) => to_result(bindings::add_uevent_var(
                env,
                c"ACCEL_ERROR=%s".as_char_ptr(),
                fault.kind.name().as_char_ptr(),
            )),
        })
    };
    match result {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}
