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
    prelude::*,
    types::Opaque, //
};

use crate::device::Core;

impl Core {
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
