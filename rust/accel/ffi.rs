// SPDX-License-Identifier: GPL-2.0

//! What is missing in the bindings of the kernel crate: the functions of `helpers.c`, and the raw
//! casts that the kernel crate keeps to itself.

use core::{
    marker::{
        PhantomData,
        PhantomPinned, //
    },
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device,
    ffi::c_int,
    prelude::*, //
};

/// A `struct srcu_ctr`, of which only the per-CPU address matters here.
#[repr(C)]
pub(crate) struct SrcuCtr {
    _opaque: [u8; 0],
    _marker: PhantomData<(*mut u8, PhantomPinned)>,
}

// The per-CPU pointer that SRCU returns may be any address, zero included, and `Option<NonNull>`
// has the layout of a nullable C pointer.
#[allow(
    improper_ctypes,
    reason = "without lockdep, `struct lockdep_map` is empty, which the kernel's compilers agree on"
)]
extern "C" {
    pub(crate) fn accel_helper_init_srcu_struct_fast(ssp: *mut bindings::srcu_struct) -> c_int;
    pub(crate) fn accel_helper_srcu_read_lock_fast(
        ssp: *mut bindings::srcu_struct,
    ) -> Option<NonNull<SrcuCtr>>;
    pub(crate) fn accel_helper_srcu_read_unlock_fast(
        ssp: *mut bindings::srcu_struct,
        scp: Option<NonNull<SrcuCtr>>,
    );
    fn accel_helper_dev_to_node(dev: *mut bindings::device) -> c_int;
}

/// Returns the C side of `dev`.
pub(crate) fn device_as_raw<C: device::DeviceContext>(
    dev: &device::Device<C>,
) -> *mut bindings::device {
    // CAST: `device::Device` is a transparent wrapper of `Opaque<struct device>`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Returns the NUMA node of `dev`, or -1 if it has none.
pub(crate) fn numa_node(dev: &device::Device) -> i32 {
    // SAFETY: A reference to a device is a valid pointer to it.
    unsafe { accel_helper_dev_to_node(device_as_raw(dev)) }
}

/// Returns the name of the bus that `dev` is on.
pub(crate) fn bus_name(dev: &device::Device) -> &CStr {
    // SAFETY: A reference to a device is a valid pointer to it; its bus is set before it is
    // registered and stays the same.
    let bus = unsafe { (*device_as_raw(dev)).bus };
    if bus.is_null() {
        return c"";
    }

    // SAFETY: A bus type outlives the devices on it, and its name is a C string.
    unsafe { CStr::from_char_ptr((*bus).name) }
}

/// Returns CLOCK_MONOTONIC in nanoseconds.
pub(crate) fn monotonic_ns() -> u64 {
    // SAFETY: May be called from any context other than NMI.
    let now = unsafe { bindings::ktime_get() };

    // CAST: The monotonic clock is never negative.
    now as u64
}
