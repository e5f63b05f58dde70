// SPDX-License-Identifier: GPL-2.0

//! What the kernel's power management calls.

use kernel::{
    bindings,
    container_of,
    error::{
        from_result,
        to_result, //
    },
    ffi::c_int,
    prelude::*,
    types::Opaque, //
};

use crate::{
    device::Core,
    sys::ffi::{
        self,
        Shared, //
    }, //
};

static OPS: Shared<bindings::dev_pm_ops> = Shared::new(bindings::dev_pm_ops {
    suspend: Some(callback::<SystemSuspend>),
    resume: Some(callback::<SystemResume>),
    freeze: Some(callback::<SystemSuspend>),
    thaw: Some(callback::<SystemResume>),
    poweroff: Some(callback::<SystemSuspend>),
    restore: Some(callback::<SystemResume>),
    runtime_suspend: Some(callback::<RuntimeSuspend>),
    runtime_resume: Some(callback::<RuntimeResume>),
    ..pin_init::zeroed()
});

static TYPE: Shared<bindings::device_type> = Shared::new(bindings::device_type {
    pm: OPS.get(),
    ..pin_init::zeroed()
});

/// Returns the type of all devices.
pub(crate) fn device_type() -> *const bindings::device_type {
    TYPE.get()
}

/// What the power management calls for a device.
trait Callback {
    fn call(core: &Core) -> Result;
}

struct RuntimeSuspend;
struct RuntimeResume;
struct SystemSuspend;
struct SystemResume;

impl Callback for RuntimeSuspend {
    fn call(core: &Core) -> Result {
        core.suspend()
    }
}

impl Callback for RuntimeResume {
    fn call(core: &Core) -> Result {
        core.resume();
        Ok(())
    }
}

impl Callback for SystemSuspend {
    fn call(core: &Core) -> Result {
        core.pause_work_items();
        if core.power.is_none() {
            return Ok(());
        }
        // SAFETY: The device is valid, and its power is managed.
        to_result(unsafe { ffi::accel_power_system_suspend(core.dev.get()) })
            .inspect_err(|_| core.resume_work_items())
    }
}

impl Callback for SystemResume {
    fn call(core: &Core) -> Result {
        let result = match core.power {
            // SAFETY: The device is valid, and its power is managed.
            Some(_) => to_result(unsafe { ffi::accel_power_system_resume(core.dev.get()) }),
            None => Ok(()),
        };
        core.resume_work_items();
        result
    }
}

/// Calls a callback.
///
/// # Safety
///
/// To be called by the power management, for a device of ours.
unsafe extern "C" fn callback<C: Callback>(dev: *mut bindings::device) -> c_int {
    // SAFETY: The device is part of a `Core`.
    let core = unsafe { &*container_of!(Opaque::cast_from(dev), Core, dev) };
    from_result(|| C::call(core).map(|()| 0))
}
