// SPDX-License-Identifier: GPL-2.0

//! Attributes of a device in `/sys/class/accelerator/accelN`.
//!
//! They are there before the device is announced, and gone before its driver is. Whoever reads one
//! is inside the gate meanwhile, and gets `ENODEV` if the device is about to go: so what is shown
//! was true, and nobody waits for long. See `Documentation/ABI/testing/sysfs-class-accelerator`.

mod attributes;
mod own;
mod reset;

use kernel::{
    bindings,
    container_of,
    fmt,
    page::PAGE_SIZE,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        Formatter, //
    },
    types::Opaque, //
};

pub(crate) use self::{
    attributes::groups,
    own::OwnAttributes, //
};

use crate::{
    device::{
        call::Call,
        Core, //
    },
    sys::ffi::Shared, //
};

/// The content of an attribute that every device has, which is read-only.
trait Content {
    fn show(call: &Call<'_>, out: &mut Formatter<'_>) -> fmt::Result;
}

const fn attribute<A: Content>(name: &'static CStr) -> Shared<bindings::device_attribute> {
    let mut attribute: bindings::device_attribute = pin_init::zeroed();
    attribute.attr.name = as_char_ptr_in_const_context(name);
    attribute.attr.mode = 0o444;
    attribute.__bindgen_anon_1.show = Some(show::<A>);
    Shared::new(attribute)
}

/// Shows an attribute.
///
/// # Safety
///
/// To be called by sysfs, for a device of ours.
unsafe extern "C" fn show<A: Content>(
    dev: *mut bindings::device,
    _attribute: *mut bindings::device_attribute,
    buffer: *mut c_char,
) -> isize {
    // SAFETY: Same requirements.
    unsafe { show_by(dev, buffer, A::show) }
}

/// Shows what `show` writes.
///
/// # Safety
///
/// `dev` must be a device of ours that sysfs refers to, and `buffer` what sysfs passes.
unsafe fn show_by(
    dev: *mut bindings::device,
    buffer: *mut c_char,
    show: impl FnOnce(&Call<'_>, &mut Formatter<'_>) -> fmt::Result,
) -> isize {
    // SAFETY: sysfs passes a page, filled with zeros, for this call alone.
    let page = unsafe { core::slice::from_raw_parts_mut(buffer.cast::<u8>(), PAGE_SIZE) };
    let mut out = Formatter::new(page);

    // SAFETY: Same requirements.
    let shown = unsafe {
        with_call(dev, |call| {
            // What does not fit the page is cut.
            let _ = show(call, &mut out);
            // Nobody is shown what a device is like that is about to go.
            call.state().map(|_| ())
        })
    };
    match shown {
        // CAST: At most the size of a page.
        Ok(()) => out.bytes_written().min(PAGE_SIZE - 1) as isize,
        Err(e) => e.to_errno() as isize,
    }
}

/// Calls `f` inside the gate. Returns `ENODEV` if it is closed, or what `f` does.
///
/// # Safety
///
/// `dev` must be a device of ours that sysfs refers to.
unsafe fn with_call(dev: *mut bindings::device, f: impl FnOnce(&Call<'_>) -> Result) -> Result {
    // SAFETY: The device is part of a `Core`, and is there while one of its attributes is used.
    let core = unsafe { &*container_of!(Opaque::cast_from(dev), Core, dev) };

    f(&core.enter()?)
}
