// SPDX-License-Identifier: GPL-2.0

//! Resets: a device that doubles numbers, and gets stuck when one is 13.
//!
//! To run it: `insmod accel_reset.ko`; a program asks for twice 13; `udevadm monitor -p` shows what
//! happens. `echo 1 >/sys/class/accelerator/accelN/reset` resets it by hand, unless a user has it
//! open: then that is `EBUSY`, and `echo force` resets it all the same.

#![forbid(unsafe_code)]

use accel::{faux, prelude::*, Features, ResetLimit, ResetOps, Resetter};
use kernel::device;
use kernel::sync::atomic::{Atomic, Relaxed};

struct Doubler;

uapi_struct! {
    /// `struct accel_reset_twice` of `accel_reset.h`.
    struct Twice {
        size: u32,
        value: u32,
        result: u32,
    }
}

fn twice(ctx: Context<'_, Doubler>, args: &mut Twice) -> Result {
    if args.result != 0 {
        return Err(EINVAL);
    }
    let resets = ctx.data().load(Relaxed);
    // If it is not done in 100 milliseconds, the device is reset.
    let _work = ctx.device().begin_work_within(100)?;
    let (_ctx, wake) = ctx.wait(Deadline::in_ms(10_000), |ctx| {
        let lost = ctx.data().load(Relaxed) != resets;
        // A real device would say by an interrupt that it is done.
        (lost || args.value != 13).then_some(lost)
    })?;
    if wake.ready()? {
        return Err(ECANCELED);
    }
    args.result = args.value.checked_mul(2).ok_or(EINVAL)?;
    Ok(())
}

impl AccelDriver for Doubler {
    /// How often the device was reset: what was begun before the last time is lost.
    type Data = CovariantForLt!(Atomic<u32>);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_reset",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "samples/accel_reset.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> =
        IoctlTable::new(&[Ioctl::new(0x40, "ACCEL_RESET_IOC_TWICE", twice, "Doubles")]);
    const FEATURES: Features<Self> = Features::none().reset();
}

impl ResetOps for Doubler {
    const LIMIT: ResetLimit = ResetLimit::new(3, 60);

    /// No user is inside the driver meanwhile; those that wait check again afterwards.
    fn reset(ctx: Context<'_, Self, Resetter>) -> Result {
        ctx.data().fetch_add(1, Relaxed);
        Ok(())
    }
}

impl faux::Driver for Doubler {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<Atomic<u32>, Error> + '_ {
        Ok(Atomic::new(0))
    }
}

accel::module_faux_driver! {
    type: Doubler,
    name: "accel_reset",
    authors: ["The accel developers"],
    description: "An accelerator that has to be reset at times",
    license: "GPL",
}
