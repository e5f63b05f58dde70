// SPDX-License-Identifier: GPL-2.0

//! Attributes of a driver's own, in a folder that has the driver's name.
//!
//! A driver lists them in [`AccelDriver::ATTRIBUTES`], each with a function that gives its value.
//! What sysfs is given belongs to the device and only names the driver's functions, which are
//! called behind the gate.

use core::{
    marker::PhantomData,
    ptr::{
        null,
        null_mut,
        NonNull, //
    },
};
use kernel::{
    bindings, container_of,
    fmt::{
        self,
        Display,
        Write, //
    },
    prelude::*,
    str::{
        parse_int::ParseInt,
        BStr,
        CString,
        Formatter, //
    },
};

use super::{
    show_by,
    with_call, //
};
use crate::{
    call::Call,
    context::{
        Context,
        Observer, //
    },
    driver::{
        AccelDriver,
        Invariant, //
    },
    handler,
    names, //
};

/// An [`Attribute`] without its types.
pub(crate) struct AttributeEntry {
    name: &'static CStr,
    mode: u16,
    /// Writes the value.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of the driver that the entry was made for.
    show: unsafe fn(&Call<'_>, &mut Formatter<'_>) -> fmt::Result,
    /// Takes a new value.
    ///
    /// # Safety
    ///
    /// As for `show`.
    store: Option<unsafe fn(&Call<'_>, &[u8]) -> Result>,
}

/// An attribute of the driver `T`: a row of its [`AttributeTable`].
#[repr(transparent)]
pub struct Attribute<T: AccelDriver> {
    // INVARIANT: The functions are shims for `T`.
    entry: AttributeEntry,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Attribute<T> {
    /// Declares an attribute that everybody may read, by its name and the function that gives its
    /// value: one number or word, which is shown in a line.
    ///
    /// Reading is looking, so the function must not reach the hardware, and should not sleep.
    pub const fn new<V, H>(name: &'static CStr, show: H) -> Self
    where
        V: Display,
        H: Fn(&Context<'_, T, Observer>) -> V + Copy,
    {
        let _ = show;
        Self {
            entry: AttributeEntry {
                name,
                mode: 0o444,
                show: show_shim::<T, V, H>,
                store: None,
            },
            _driver: PhantomData,
        }
    }

    /// Lets root write the attribute: a number, as `kstrtoint()` takes it, that the function is
    /// given. What is not a number of its type is `EINVAL`.
    ///
    /// The function may be called by several writers at a time. It must not reach the hardware,
    /// and fails with what the writer gets, such as `EINVAL`.
    pub const fn store<V, H>(mut self, store: H) -> Self
    where
        V: ParseInt,
        H: Fn(&Context<'_, T, Observer>, V) -> Result + Copy,
    {
        let _ = store;
        self.entry.mode |= 0o200;
        self.entry.store = Some(store_shim::<T, V, H>);
        self
    }

    /// Lets nobody but root read it.
    pub const fn for_root(mut self) -> Self {
        self.entry.mode &= 0o600;
        self
    }
}

/// Calls the function of type `H` that gives a value.
///
/// # Safety
///
/// The requirements of [`AttributeEntry::show`] for the driver `T`.
unsafe fn show_shim<T, V, H>(call: &Call<'_>, out: &mut Formatter<'_>) -> fmt::Result
where
    T: AccelDriver,
    V: Display,
    H: Fn(&Context<'_, T, Observer>) -> V + Copy,
{
    // SAFETY: `Attribute` was given one.
    let handler = unsafe { handler::of_type::<H>() };

    // SAFETY: Passed on to the caller; the role of an observer asks for nothing more.
    let value = handler(unsafe { Context::from_ref(call) });
    out.write_fmt(fmt!("{}\n", value))
}

/// Calls the function of type `H` that takes a value.
///
/// # Safety
///
/// The requirements of [`AttributeEntry::store`] for the driver `T`.
unsafe fn store_shim<T, V, H>(call: &Call<'_>, text: &[u8]) -> Result
where
    T: AccelDriver,
    V: ParseInt,
    H: Fn(&Context<'_, T, Observer>, V) -> Result + Copy,
{
    // SAFETY: `Attribute` was given one.
    let handler = unsafe { handler::of_type::<H>() };

    let value = V::from_str(BStr::from_bytes(text))?;
    // SAFETY: Passed on to the caller; the role of an observer asks for nothing more.
    handler(unsafe { Context::from_ref(call) }, value)
}

/// The attributes of the driver `T`.
pub struct AttributeTable<T: AccelDriver>(&'static [Attribute<T>]);

impl<T: AccelDriver> AttributeTable<T> {
    /// Makes a table of `attributes`.
    ///
    /// Two of the same name, or one without, do not compile.
    pub const fn new(attributes: &'static [Attribute<T>]) -> Self {
        let mut i = 0;
        while i < attributes.len() {
            let name = attributes[i].entry.name.to_bytes();
            names::require(
                names::is_of_file(name),
                name,
                "an attribute has a name without slashes",
            );
            let mut before = 0;
            while before < i {
                names::require(
                    !names::equal(name, attributes[before].entry.name.to_bytes()),
                    name,
                    "the attributes of a driver have different names",
                );
                before += 1;
            }
            i += 1;
        }
        Self(attributes)
    }

    /// Returns the table without its types.
    pub(crate) const fn entries(&self) -> &'static [AttributeEntry] {
        // SAFETY: `Attribute` is a transparent wrapper of `AttributeEntry`.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len()) }
    }
}

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

    /// Returns the attributes, as a device wants them before it is added. They must stay until it
    /// has been deleted.
    pub(crate) fn groups(&self) -> *mut *const bindings::attribute_group {
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
static LOCK_CLASS: crate::ffi::Shared<bindings::lock_class_key> =
    crate::ffi::Shared::new(pin_init::zeroed());

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
