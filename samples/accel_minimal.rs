// SPDX-License-Identifier: GPL-2.0

//! The smallest useful driver: an accelerator, in software, that adds two numbers.
//!
//! To run it: `insmod accel_minimal.ko`, then `accelctl minimal add 20 22`.

#![forbid(unsafe_code)]

use accel::{faux, prelude::*};
use kernel::device;

struct Minimal;

uapi_struct! {
    /// `struct accel_minimal_add` of `include/uapi/accel/minimal.h`.
    struct Add {
        size: u32,
        a: u32,
        b: u32,
        sum: u32,
    }
}

fn add(_ctx: Context<'_, Minimal>, args: &mut Add) -> Result {
    if args.sum != 0 {
        return Err(EINVAL);
    }
    args.sum = args.a.wrapping_add(args.b);
    Ok(())
}

impl AccelDriver for Minimal {
    type Data = CovariantForLt!(());
    const INFO: DriverInfo = DriverInfo {
        name: "accel_minimal",
        version: "1",
        user_space_url: "tools/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "include/uapi/accel/minimal.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> =
        IoctlTable::new(&[Ioctl::new(0x40, "ACCEL_MINIMAL_IOC_ADD", add, "Adds")]);
}

impl faux::Driver for Minimal {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<(), Error> + '_ {
        Ok(())
    }
}

accel::module_faux_driver! {
    type: Minimal,
    name: "accel_minimal",
    authors: ["The accel developers"],
    description: "The smallest accelerator driver",
    license: "GPL",
}
