// SPDX-License-Identifier: GPL-2.0

//! The sample driver `accel_minimal`, `include/uapi/accel/minimal.h`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::{Device, Error};

/// The name that the driver gives in topic DRIVER.
pub const DRIVER: &str = "accel_minimal";

/// Argument of `ACCEL_MINIMAL_IOC_ADD`, `struct accel_minimal_add`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Add {
    /// Set by [`Device::call`].
    pub size: u32,
    /// In: first addend.
    pub a: u32,
    /// In: second addend.
    pub b: u32,
    /// In: must be zero. Out: `a` + `b`, modulo 2^32.
    pub sum: u32,
}

/// Lets the driver compute `a` + `b`, modulo 2^32.
///
/// # Errors
///
/// [`Error::Refused`] with one of the general errors.
pub fn add(device: &Device, a: u32, b: u32) -> Result<u32, Error> {
    let mut argument = Add {
        a,
        b,
        ..Add::default()
    };
    match device.call(&mut argument) {
        Ok(()) => Ok(argument.sum),
        Err(error) => Err(error.asked(format_args!("sum of {a} and {b}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Simulation;
    use rustix::io::Errno;

    #[test]
    fn add_passes_the_arguments_and_returns_the_result() {
        let kernel = Simulation::command(|nr, bytes| {
            let argument = Add::mut_from_bytes(bytes).unwrap();
            assert_eq!((nr, argument.size, argument.sum), (0x40, 16, 0));
            argument.sum = argument.a - argument.b;
            Ok(())
        });
        let device = Device::new("accel1".into(), Box::new(kernel));
        assert_eq!(add(&device, 9, 4).unwrap(), 5);
    }

    #[test]
    fn add_says_what_was_refused() {
        let kernel = Simulation::command(|_, _| Err(Errno::ACCESS));
        let device = Device::new("accel1".into(), Box::new(kernel));
        let error = add(&device, 9, 4).unwrap_err().to_string();
        assert!(error.starts_with("accel1: sum of 9 and 4: permission denied (EACCES): "));
    }
}
