// SPDX-License-Identifier: GPL-2.0

//! What a module that goes has left on the faux bus.

use kernel::{
    bindings,
    error::to_result,
    ffi::{
        c_int,
        c_ulong,
        c_void, //
    },
    prelude::*, //
};

use super::{
    destroy,
    Registered, //
};
use crate::sys::ffi::{
    self,
    Shared, //
};

static NOTIFIER: Shared<bindings::notifier_block> = Shared::new(bindings::notifier_block {
    notifier_call: Some(module_changed),
    // Before those who take the module apart.
    priority: c_int::MAX,
    ..pin_init::zeroed()
});

/// Destroys the devices of a module that has ended, or failed to begin, before its code goes.
///
/// # Safety
///
/// To be called by the notifier chain of modules.
unsafe extern "C" fn module_changed(
    _notifier: *mut bindings::notifier_block,
    state: c_ulong,
    module: *mut c_void,
) -> c_int {
    // CAST: A state is a small number.
    if state as u32 == bindings::module_state_MODULE_STATE_GOING {
        // SAFETY: The chain is called for a module that is there meanwhile.
        let is_of_module = |device: &Registered| unsafe {
            ffi::accel_helper_within_module(device.place, module.cast())
        };
        while destroy(&is_of_module) {}
    }
    // CAST: It is zero.
    bindings::NOTIFY_DONE as c_int
}

/// Has [`module_changed`] be called, until this is dropped; there is one.
pub(super) struct Watch(());

impl Watch {
    pub(super) fn new() -> Result<Self> {
        // SAFETY: The structure is static. There is one `Watch`, so it is registered once, and
        // taken back before this module goes.
        to_result(unsafe { bindings::register_module_notifier(NOTIFIER.get()) })?;
        Ok(Self(()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // SAFETY: It was registered by `new()`.
        unsafe { bindings::unregister_module_notifier(NOTIFIER.get()) };
    }
}
