// SPDX-License-Identifier: GPL-2.0

//! Sensors of a device as those of hwmon, where the tools that every system has look for them.
//!
//! They are those that the driver lists for the information topic SENSORS, and show what that
//! shows: each read asks the driver, inside the gate, and is `ENODEV` when the device is gone. How
//! many there are, and what they are called, is asked when the device is made.

use core::ptr::NonNull;
use kernel::{
    error::{
        from_err_ptr,
        from_result, //
    },
    ffi::{
        c_int,
        c_long,
        c_void, //
    },
    fmt::Write,
    prelude::*,
    str::Formatter,
    sync::aref::ARef, //
};

use crate::{
    base::records::List,
    device::{
        call::Call,
        Core, //
    },
    sys::{
        ffi,
        uapi::accel_info_sensor, //
    }, //
};

/// The sensors of a device, registered with hwmon. Unregistered when dropped.
///
/// # Invariants
///
/// `hwmon` was registered, with a pointer to `core`.
pub(crate) struct Hwmon {
    hwmon: NonNull<ffi::AccelHwmon>,
    _core: ARef<Core>,
}

// SAFETY: May be unregistered by any thread.
unsafe impl Send for Hwmon {}

/// The length of a name: 32 bytes of the driver's, "_accel", a number, and NUL.
const NAME_LEN: usize = 49;

/// The records of sensors that a driver lists have this size.
const RECORD_SIZE: usize = size_of::<accel_info_sensor>();

impl Hwmon {
    /// Registers the sensors of `core`, whose data is in place; nothing if it has none, or if the
    /// kernel has no hwmon.
    #[inline(never)]
    pub(crate) fn register(core: &Core) -> Result<Option<Self>> {
        let call = core.enter()?;
        let sensors = list(&call)?;
        let (bytes, _) = sensors.as_parts();
        if bytes.is_empty() {
            return Ok(None);
        }

        let name = name(&call);
        // SAFETY: The name is a C string, and there are so many records, which are copied. The
        // parent is there inside the gate, and until the binding ends, to which the result
        // belongs. `read` takes a pointer to a `Core`, which the result keeps.
        let hwmon = from_err_ptr(unsafe {
            ffi::accel_helper_hwmon_register(
                ffi::device_as_raw(call.parent()),
                name.as_ptr().cast(),
                bytes.as_ptr().cast(),
                bytes.len() / RECORD_SIZE,
                read,
                core::ptr::from_ref(core).cast_mut().cast(),
            )
        })?;
        // INVARIANT: It was just registered.
        Ok(NonNull::new(hwmon).map(|hwmon| Self {
            hwmon,
            _core: core.into(),
        }))
    }
}

impl Drop for Hwmon {
    fn drop(&mut self) {
        // SAFETY: It is registered, by the type invariants.
        unsafe { ffi::accel_helper_hwmon_unregister(self.hwmon.as_ptr()) };
    }
}

/// Returns what the device of hwmon is called, as a C string: as the driver, and if it is not on a
/// bus whose addresses `libsensors` makes part of the name of a chip, as the node, too. Otherwise
/// two chips would have one name there, and in JSON one key.
fn name(call: &Call<'_>) -> [u8; NAME_LEN] {
    let driver = call.ops().info.name;
    let mut name = [0; NAME_LEN];
    let mut out = Formatter::new(&mut name[..NAME_LEN - 1]);
    // What does not fit is cut, which is none of the number.
    let _ = match ffi::bus_name(call.parent()) == c"pci" {
        true => write!(out, "{driver:.32}"),
        false => write!(out, "{driver:.32}_accel{}", call.core.minor.number()),
    };
    name
}

fn list(call: &Call<'_>) -> Result<List> {
    match call.ops().features.info {
        // SAFETY: The call is inside the gate of the device whose driver the function is of.
        Some(fns) => unsafe { (fns.sensors)(call) },
        None => Ok(List::<accel_info_sensor>::new().erase()),
    }
}

/// Reads a sensor.
///
/// # Safety
///
/// To be called by hwmon: `core` is one that was registered, and `value` is valid for writes.
unsafe extern "C" fn read(
    core: *mut c_void,
    quantity: u32,
    channel: c_int,
    value: *mut c_long,
) -> c_int {
    from_result(|| {
        // SAFETY: The `Core` is there while its sensors are registered.
        let core = unsafe { &*core.cast::<Core>() };
        let reading = reading(core, quantity, usize::try_from(channel)?)?;
        // SAFETY: The caller has room for it.
        unsafe { *value = c_long::try_from(reading)? };
        Ok(0)
    })
}

/// Returns what the sensor of number `channel` among those of `quantity` shows, or `ENODATA`.
fn reading(core: &Core, quantity: u32, channel: usize) -> Result<i64> {
    let sensors = list(&core.enter()?)?;
    let (bytes, _) = sensors.as_parts();
    bytes
        .chunks_exact(RECORD_SIZE)
        .filter_map(|record| accel_info_sensor::read_from_bytes(record).ok())
        .filter(|sensor| sensor.quantity == quantity)
        .nth(channel)
        .map(|sensor| sensor.value)
        .ok_or(ENODATA)
}
