// SPDX-License-Identifier: GPL-2.0

//! The driver `accel_edu` for QEMU's "edu" device, `include/uapi/accel/edu.h`.

use rustix::io::Errno;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::{Device, Error};

/// The name that the driver gives in topic DRIVER.
pub const DRIVER: &str = "accel_edu";

/// The largest argument whose factorial has 32 bits.
pub const FACTORIAL_MAX: u32 = 12;

/// Argument of `ACCEL_EDU_IOC_FACTORIAL`, `struct accel_edu_factorial`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Factorial {
    /// Set by [`Device::call`].
    pub size: u32,
    /// In: the argument, at most [`FACTORIAL_MAX`].
    pub n: u32,
    /// In: how long to wait, in milliseconds; zero for the driver's default of
    /// one second.
    pub timeout_ms: u32,
    /// In: must be zero. Out: n!
    pub result: u32,
    /// In: the time of CLOCK_MONOTONIC at which to give up, in nanoseconds; zero
    /// to go by `timeout_ms`. Out, with `EINTR`: that time.
    pub deadline_ns: u64,
}

/// Argument of `ACCEL_EDU_IOC_LIVENESS`, `struct accel_edu_liveness`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Liveness {
    /// Set by [`Device::call`].
    pub size: u32,
    /// In: any number.
    pub value: u32,
    /// In: must be zero. Out: the bitwise inverse of `value`.
    pub reply: u32,
    /// Must be zero.
    pub reserved: u32,
}

/// Argument of `ACCEL_EDU_IOC_RESET`, `struct accel_edu_reset`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Reset {
    /// Set by [`Device::call`].
    pub size: u32,
    /// Must be zero.
    pub reserved: u32,
}

/// Argument of `ACCEL_EDU_IOC_SET_EVENTFD`, `struct accel_edu_set_eventfd`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SetEventfd {
    /// Set by [`Device::call`].
    pub size: u32,
    /// In: an eventfd, or -1 for none.
    pub fd: i32,
}

/// Argument of `ACCEL_EDU_IOC_COPY`, `struct accel_edu_copy`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct BufferCopy {
    /// Set by [`Device::call`].
    pub size: u32,
    /// In: how many bytes to copy, from 1 to 4096.
    pub len: u32,
    /// In: the handle of the buffer to read.
    pub source: u32,
    /// In: the handle of the buffer to write, which may be the same.
    pub target: u32,
    /// In: where in the source to begin, in bytes.
    pub source_offset: u64,
    /// In: where in the target to begin, in bytes.
    pub target_offset: u64,
    /// In: how long to wait, in milliseconds; zero for the driver's default of
    /// one second.
    pub timeout_ms: u32,
    /// Must be zero.
    pub reserved: u32,
    /// In: the time of CLOCK_MONOTONIC at which to give up, in nanoseconds; zero
    /// to go by `timeout_ms`. Out, with `EINTR`: that time.
    pub deadline_ns: u64,
}

/// Lets the device compute n!, waiting for `timeout_ms` milliseconds, or for
/// the driver's default of one second if it is zero.
///
/// The argument is not checked here: the kernel knows best what it can do.
///
/// # Errors
///
/// [`Error::Refused`] with `EINVAL` if `n` is above [`FACTORIAL_MAX`],
/// `ETIMEDOUT`, `EINTR`, or one of the general errors.
pub fn factorial(device: &Device, n: u32, timeout_ms: u32) -> Result<u32, Error> {
    let mut argument = Factorial {
        n,
        timeout_ms,
        ..Factorial::default()
    };
    match device.call(&mut argument) {
        Ok(()) => Ok(argument.result),
        Err(error) => Err(error
            .asked(format_args!("factorial of {n}"))
            .advise(Errno::INVAL, advice_on_argument(n))
            .advise(Errno::TIMEDOUT, Some(advice_on_timeout(timeout_ms)))),
    }
}

fn advice_on_argument(n: u32) -> Option<String> {
    (n > FACTORIAL_MAX).then(|| format!("n must be at most {FACTORIAL_MAX}"))
}

fn advice_on_timeout(timeout_ms: u32) -> String {
    let within = match timeout_ms {
        0 => "the driver's default of one second".to_owned(),
        ms => format!("{ms} ms"),
    };
    format!("neither other callers nor the device finished within {within}")
}

/// Asks the device for the bitwise inverse of a number, to see that it is
/// alive, and returns what it said.
///
/// # Errors
///
/// [`Error::Refused`] with one of the general errors.
pub fn liveness(device: &Device, value: u32) -> Result<u32, Error> {
    let mut argument = Liveness {
        value,
        ..Liveness::default()
    };
    match device.call(&mut argument) {
        Ok(()) => Ok(argument.reply),
        Err(error) => Err(error.asked(format_args!("liveness of {value:#x}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Simulation;

    fn device(handler: fn(u8, &mut [u8]) -> Result<(), Errno>) -> Device {
        let kernel = Simulation::command(handler);
        Device::new("/dev/accelerator/accel0".into(), Box::new(kernel))
    }

    #[test]
    fn factorial_passes_the_argument_and_returns_the_result() {
        let device = device(|nr, bytes| {
            let argument = Factorial::mut_from_bytes(bytes).unwrap();
            assert_eq!((nr, argument.size, argument.result), (0x40, 24, 0));
            assert_eq!((argument.n, argument.timeout_ms), (5, 70));
            argument.result = 120;
            Ok(())
        });
        assert_eq!(factorial(&device, 5, 70).unwrap(), 120);
    }

    #[test]
    fn factorial_explains_what_the_kernel_refused() {
        let device = device(|_, _| Err(Errno::INVAL));
        assert_eq!(
            factorial(&device, 13, 0).unwrap_err().to_string(),
            "/dev/accelerator/accel0: factorial of 13: invalid argument (EINVAL): \
             n must be at most 12"
        );
        // It must not blame the argument for what it is not guilty of.
        assert_eq!(
            factorial(&device, 12, 0).unwrap_err().to_string(),
            "/dev/accelerator/accel0: factorial of 12: invalid argument (EINVAL)"
        );
    }

    #[test]
    fn factorial_says_how_long_it_waited() {
        let device = device(|_, _| Err(Errno::TIMEDOUT));
        let error = factorial(&device, 3, 25).unwrap_err().to_string();
        assert!(error.ends_with("finished within 25 ms"), "{error}");
        let error = factorial(&device, 3, 0).unwrap_err().to_string();
        assert!(error.ends_with("default of one second"), "{error}");
    }

    #[test]
    fn liveness_returns_what_the_device_said() {
        let device = device(|nr, bytes| {
            let argument = Liveness::mut_from_bytes(bytes).unwrap();
            assert_eq!((nr, argument.size), (0x41, 16));
            assert_eq!((argument.reply, argument.reserved), (0, 0));
            argument.reply = argument.value + 1;
            Ok(())
        });
        assert_eq!(liveness(&device, 6).unwrap(), 7);
    }

    #[test]
    fn a_device_that_is_gone_says_so() {
        let device = device(|_, _| Err(Errno::NODEV));
        assert_eq!(
            liveness(&device, 255).unwrap_err().to_string(),
            "/dev/accelerator/accel0: liveness of 0xff: no such device (ENODEV): \
             the device is gone"
        );
    }
}
