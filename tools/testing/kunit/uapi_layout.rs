// SPDX-License-Identifier: GPL-2.0

//! Compares the Rust mirror of the C headers with the C compiler's view of them.

use core::mem::offset_of;
use kernel::{
    ffi::c_char,
    prelude::*, //
};

use crate::edu_uapi::{
    Factorial as accel_edu_factorial,
    Liveness as accel_edu_liveness, //
};
use accel::uapi::*;

/// `struct accel_test_layout` of `uapi_layout.c`.
#[repr(C)]
struct CLayout {
    name: *const c_char,
    offset: u32,
    size: u32,
}

extern "C" {
    #[link_name = "accel_test_layouts"]
    static C_LAYOUTS: [CLayout; RUST_LAYOUTS.len() + 1];
}

type Layout = (&'static str, usize, usize);

/// Builds the table of a structure and its fields, as the macros of `uapi_layout.c` do.
macro_rules! layouts {
    ($($type:ident { $($field:ident),* $(,)? })* consts { $($name:ident),* $(,)? }) => {
        &[
            $(
                (stringify!($type), 0, size_of::<$type>()),
                $((
                    stringify!($field),
                    offset_of!($type, $field),
                    size_of_field(|s: &$type| &s.$field),
                ),)*
            )*
            $((stringify!($name), $name as usize, 0),)*
        ]
    };
}

const fn size_of_field<T, F: Copy>(_field: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

const RUST_LAYOUTS: &[Layout] = layouts! {
    accel_info { size, topic, index, flags, data_ptr, data_len, record_size, count }
    accel_info_topic { topic, record_size, count, reserved }
    accel_info_device {
        minor, vendor, device, subsystem_vendor, subsystem_device, revision, numa_node, reserved,
        bus, address,
    }
    accel_info_driver { name, version, user_space_url, user_space_license, documentation_url }
    accel_info_status { state, users, observers, reserved, registered_ns }
    accel_info_ioctl { command, size, min_size, flags, name, description }
    accel_edu_factorial { size, n, timeout_ms, result }
    accel_edu_liveness { size, value, reply, reserved }
    consts {
        ACCEL_IOC_TYPE, ACCEL_IOC_DRIVER_BASE, ACCEL_IOC_DRIVER_END, ACCEL_INFO_LIST,
        ACCEL_INFO_DEVICE, ACCEL_INFO_DRIVER, ACCEL_INFO_STATUS, ACCEL_INFO_UAPI,
        ACCEL_STATE_RUNNING, ACCEL_IOCTL_IN, ACCEL_IOCTL_OUT, ACCEL_IOCTL_OBSERVER,
    }
};

/// Returns an entry of the table in C.
fn c_layout(index: usize) -> (&'static CStr, usize, usize) {
    // SAFETY: The table is constant, has an end mark, and is as long as its counterpart if the test
    // that reads it has passed all entries before `index`; its names are C strings.
    unsafe {
        let layout = &*(&raw const C_LAYOUTS).cast::<CLayout>().add(index);
        (
            CStr::from_char_ptr(layout.name),
            layout.offset as usize,
            layout.size as usize,
        )
    }
}

#[kunit_tests(accel_uapi)]
mod tests {
    use super::*;

    #[test]
    fn layout_is_that_of_the_c_header() {
        for (index, (name, offset, size)) in RUST_LAYOUTS.iter().enumerate() {
            let (c_name, c_offset, c_size) = c_layout(index);
            if (c_name.to_bytes(), c_offset, c_size) != (name.as_bytes(), *offset, *size) {
                pr_err!("entry {index}: {name} at {offset}, {size} bytes, in Rust\n");
                pr_err!("entry {index}: {c_name:?} at {c_offset}, {c_size} bytes, in C\n");
                assert!(false);
            }
        }
        let (end, _, _) = c_layout(RUST_LAYOUTS.len());
        assert!(end.is_empty());
    }
}
