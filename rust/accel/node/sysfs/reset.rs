// SPDX-License-Identifier: GPL-2.0

//! The attribute by which the administrator resets a device.

use kernel::{
    bindings,
    container_of,
    prelude::*,
    str::as_char_ptr_in_const_context,
    types::Opaque, //
};

use crate::{
    device::Core,
    sys::ffi::Shared, //
};

pub(super) static RESET: Shared<bindings::device_attribute> = Shared::new({
    let mut attribute: bindings::device_attribute = pin_init::zeroed();
    attribute.attr.name = as_char_ptr_in_const_context(c"reset");
    attribute.attr.mode = 0o200;
    attribute.__bindgen_anon_2.store = Some(store);
    attribute
});

/// Resets the device, and returns when that is done.
///
/// # Safety
///
/// To be called by sysfs, for a device of ours.
unsafe extern "C" fn store(
    dev: *mut bindings::device,
    _attribute: *mut bindings::device_attribute,
    buffer: *const c_char,
    count: usize,
) -> isize {
    // SAFETY: The device is part of a `Core`, and is not removed before this has returned.
    let core = unsafe { &*container_of!(Opaque::cast_from(dev), Core, dev) };
    // SAFETY: sysfs passes a buffer of this length.
    let text = unsafe { core::slice::from_raw_parts(buffer.cast::<u8>(), count) };

    match reset(core, text.trim_ascii_end()) {
        // CAST: At most the size of a page.
        Ok(()) => count as isize,
        // CAST: An errno is a small number.
        Err(error) => error.to_errno() as isize,
    }
}

fn reset(core: &Core, text: &[u8]) -> Result {
    match text {
        // Who opens the device just now only has to wait.
        b"1" if core.files.counts().0 > 0 => return Err(EBUSY),
        b"1" | b"force" => (),
        _ => return Err(EINVAL),
    }
    core.reset_by_administrator()
}
