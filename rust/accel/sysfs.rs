// SPDX-License-Identifier: GPL-2.0

//! Attributes of a device in `/sys/class/accelerator/accelN`.
//!
//! They are there before the device is announced, and gone before its driver is. See
//! `Documentation/ABI/testing/sysfs-class-accelerator`.

use core::ptr::{
    null,
    null_mut, //
};
use kernel::{
    bindings,
    container_of,
    fmt::{
        self,
        Write, //
    },
    page::PAGE_SIZE,
    prelude::*,
    str::{
        as_char_ptr_in_const_context,
        BStr,
        Formatter, //
    },
    sync::atomic::Relaxed,
    types::Opaque, //
};

use crate::{
    device::Core,
    ffi::Shared,
    file::{
        OpenFile,
        Role, //
    },
};

/// Returns the attributes, as the class wants them.
pub(crate) const fn groups() -> *const *const bindings::attribute_group {
    GROUPS.get().cast()
}

static GROUPS: Shared<[*const bindings::attribute_group; 2]> = Shared::new([GROUP.get(), null()]);

static GROUP: Shared<bindings::attribute_group> = Shared::new(bindings::attribute_group {
    __bindgen_anon_2: bindings::attribute_group__bindgen_ty_2 {
        attrs: ATTRIBUTES.get().cast(),
    },
    ..pin_init::zeroed()
});

static ATTRIBUTES: Shared<[*mut bindings::attribute; 4]> = Shared::new([
    CLIENTS.get().cast(),
    MEMORY.get().cast(),
    PASSTHROUGH_CALLS.get().cast(),
    null_mut(),
]);

static CLIENTS: Shared<bindings::device_attribute> = attribute::<Clients>(c"clients");
static MEMORY: Shared<bindings::device_attribute> = attribute::<Memory>(c"memory");
static PASSTHROUGH_CALLS: Shared<bindings::device_attribute> =
    attribute::<PassthroughCalls>(c"passthrough_calls");

/// The content of a read-only attribute.
trait Attribute {
    fn show(core: &Core, out: &mut Formatter<'_>) -> fmt::Result;
}

const fn attribute<A: Attribute>(name: &'static CStr) -> Shared<bindings::device_attribute> {
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
unsafe extern "C" fn show<A: Attribute>(
    dev: *mut bindings::device,
    _attribute: *mut bindings::device_attribute,
    buffer: *mut c_char,
) -> isize {
    // SAFETY: The device is part of a `Core`, and is there while one of its attributes is read.
    let core = unsafe { &*container_of!(Opaque::cast_from(dev), Core, dev) };
    // SAFETY: sysfs passes a page, filled with zeros, for this call alone.
    let page = unsafe { core::slice::from_raw_parts_mut(buffer.cast::<u8>(), PAGE_SIZE) };
    let mut out = Formatter::new(page);

    // What does not fit the page is cut.
    let _ = A::show(core, &mut out);
    // CAST: At most the size of a page.
    out.bytes_written().min(PAGE_SIZE - 1) as isize
}

/// One line for each open file.
struct Clients;

impl Attribute for Clients {
    fn show(core: &Core, out: &mut Formatter<'_>) -> fmt::Result {
        core.files.try_for_each(|file| show_client(file, out))
    }
}

fn show_client(file: &OpenFile, out: &mut Formatter<'_>) -> fmt::Result {
    let role = match file.role {
        Role::Observer => "observer",
        Role::User => "user",
    };
    let shown = file.client.show();
    write!(
        out,
        "{} {role} {} {}",
        file.id, shown.uid, file.client.since_ns
    )?;
    match shown.process {
        Some((pid, command)) => {
            let end = command.iter().position(|&byte| byte == 0);
            let command = &command[..end.unwrap_or(command.len())];
            out.write_fmt(fmt!(" {pid} {}\n", BStr::from_bytes(command)))
        }
        None => writeln!(out, " - -"),
    }
}

/// One line for each region that the memory of buffers comes from.
struct Memory;

impl Attribute for Memory {
    fn show(core: &Core, out: &mut Formatter<'_>) -> fmt::Result {
        if core.has_buffers {
            writeln!(out, "system 0 {}", core.region.in_use.load(Relaxed))?;
        }
        Ok(())
    }
}

/// How many passthrough ioctls were admitted.
struct PassthroughCalls;

impl Attribute for PassthroughCalls {
    fn show(core: &Core, out: &mut Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", core.passthrough_calls.load(Relaxed))
    }
}
