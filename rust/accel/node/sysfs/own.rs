// SPDX-License-Identifier: GPL-2.0

//! Attributes of a driver's own, in a folder that has the driver's name.
//!
//! A driver lists them in [`AccelDriver::ATTRIBUTES`](crate::AccelDriver::ATTRIBUTES), each with a
//! function that gives its value. What sysfs is given belongs to the device and only names the
//! driver's functions, which are called behind the gate.

use core::ptr::{
    null,
    null_mut,
    NonNull, //
};
use kernel::{
    bindings,
    container_of,
    prelude::*,
    str::CString, //
};

use super::{
    show_by,
    with_call, //
};
use crate::device::{
    ops::AttributeEntry,
    Attributes, //
};

/// An attribute of a driver as sysfs knows it.
///
/// # Invariants
///
/// `entry` is valid while the gate of the device is not drained.
struct OwnAttribute {
    attribute: bindings::device_attribute,
    entry: NonNull<AttributeEntry>,
}

/// The attributes of a device that are its driver's, as sysfs knows them.
///
/// # Invariants
///
/// The pointers are to what the other members consist of. `all` is not changed.
pub(crate) struct OwnAttributes {
    groups: [*const bindings::attribute_group; 2],
    group: bindings::attribute_group,
    pointers: KVec<*mut bindings::attribute>,
    all: KVec<OwnAttribute>,
    name: CString,
}

impl OwnAttributes {
    /// Makes what sysfs needs of the attributes `entries` of the driver called `driver`; nothing if
    /// there are none.
    pub(crate) fn new(
        driver: &str,
        entries: &'static [AttributeEntry],
    ) -> Result<Option<KBox<Self>>> {
        if entries.is_empty() {
            return Ok(None);
        }
        let mut own = KBox::new(
            Self {
                groups: [null(); 2],
                group: pin_init::zeroed(),
                pointers: KVec::with_capacity(entries.len() + 1, GFP_KERNEL)?,
                all: KVec::with_capacity(entries.len(), GFP_KERNEL)?,
                name: CString::try_from_fmt(fmt!("{driver}"))?,
            },
            GFP_KERNEL,
        )?;
        for entry in entries {
            own.all.push(OwnAttribute::new(entry), GFP_KERNEL)?;
        }
        // INVARIANT: The vectors are complete, and the box stays where it is.
        let this = &mut *own;
        for own in &mut this.all {
            let pointer = core::ptr::from_mut(&mut own.attribute).cast();
            this.pointers.push(pointer, GFP_KERNEL)?;
        }
        this.pointers.push(null_mut(), GFP_KERNEL)?;
        this.group.name = this.name.as_char_ptr();
        this.group.__bindgen_anon_2.attrs = this.pointers.as_mut_ptr();
        this.groups[0] = &this.group;
        Ok(Some(own))
    }
}

impl Attributes for OwnAttributes {
    fn groups(&self) -> *mut *const bindings::attribute_group {
        self.groups.as_ptr().cast_mut()
    }
}

impl OwnAttribute {
    fn new(entry: &'static AttributeEntry) -> Self {
        let mut attribute: bindings::device_attribute = pin_init::zeroed();
        attribute.attr.name = entry.name.as_char_ptr();
        attribute.attr.mode = entry.mode;
        attribute.__bindgen_anon_1.show = Some(show);
        if entry.store.is_some() {
            attribute.__bindgen_anon_2.store = Some(store);
        }
        // Lockdep wants something static for what is allocated.
        #[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
        {
            attribute.attr.key = LOCK_CLASS.get();
        }
        // INVARIANT: The driver's module exists until the device has been removed.
        Self {
            attribute,
            entry: entry.into(),
        }
    }
}

#[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
static LOCK_CLASS: crate::sys::ffi::Shared<bindings::lock_class_key> =
    crate::sys::ffi::Shared::new(pin_init::zeroed());

/// Shows an attribute of a driver.
///
/// # Safety
///
/// To be called by sysfs, for a device of ours and an `OwnAttribute` of it.
unsafe extern "C" fn show(
    dev: *mut bindings::device,
    attribute: *mut bindings::device_attribute,
    buffer: *mut c_char,
) -> isize {
    // SAFETY: The attribute is part of an `OwnAttribute`, which is there while it is used.
    let own = unsafe { &*container_of!(attribute, OwnAttribute, attribute) };

    // SAFETY: The entry is valid inside the gate, and is of the driver of this device.
    unsafe {
        show_by(dev, buffer, |call, out| {
            (own.entry.as_ref().show)(call, out)
        })
    }
}

/// Stores an attribute of a driver.
///
/// # Safety
///
/// To be called by sysfs, for a device of ours and an `OwnAttribute` of it.
unsafe extern "C" fn store(
    dev: *mut bindings::device,
    attribute: *mut bindings::device_attribute,
    buffer: *const c_char,
    count: usize,
) -> isize {
    // SAFETY: The attribute is part of an `OwnAttribute`, which is there while it is used.
    let own = unsafe { &*container_of!(attribute, OwnAttribute, attribute) };
    // SAFETY: sysfs passes so many bytes, for this call alone.
    let text = unsafe { core::slice::from_raw_parts(buffer.cast::<u8>(), count) };

    // SAFETY: The entry is valid inside the gate, and is of the driver of this device.
    let stored = unsafe {
        with_call(dev, |call| {
            let store = own.entry.as_ref().store.ok_or(EIO)?;
            store(call, text.trim_ascii())
        })
    };
    match stored {
        // CAST: At most the size of a page.
        Ok(()) => count as isize,
        Err(e) => e.to_errno() as isize,
    }
}
