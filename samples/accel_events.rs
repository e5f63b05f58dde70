// SPDX-License-Identifier: GPL-2.0

//! Events: a counter that tells whoever has subscribed when it passes a multiple of ten.
//!
//! To run it: `insmod accel_events.ko`; a program subscribes with `ACCEL_IOC_EVENTS` and reads.

#![forbid(unsafe_code)]

use accel::{faux, prelude::*, EventKind};
use kernel::{device, new_mutex, sync::Mutex};

struct Counter;

#[pin_data]
struct Data {
    #[pin]
    value: Mutex<u32>,
}

/// The counter has passed a multiple of ten.
const TEN: EventKind = EventKind::new::<0x8000>();

uapi_struct! {
    /// `struct accel_events_count` of `accel_events.h`.
    struct Count {
        size: u32,
        by: u32,
        now: u32,
        reserved: u32,
    }
}

fn count(ctx: Context<'_, Counter>, args: &mut Count) -> Result {
    if args.now != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    let mut value = ctx.data().value.lock();
    let before = *value;
    *value = before.checked_add(args.by).ok_or(EINVAL)?;
    args.now = *value;
    if *value / 10 != before / 10 {
        // While the lock is held, so that the events are in order.
        ctx.device().send_event(TEN, [(*value).into(), 0, 0]);
    }
    Ok(())
}

impl AccelDriver for Counter {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_events",
        version: "1",
        user_space_url: "tools/testing/selftests/accel",
        user_space_license: "GPL-2.0",
        documentation_url: "samples/accel_events.h",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> =
        IoctlTable::new(&[Ioctl::new(0x40, "ACCEL_EVENTS_IOC_COUNT", count, "Counts")]);
}

impl faux::Driver for Counter {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        try_pin_init!(Data {
            value <- new_mutex!(0),
        })
    }
}

accel::module_faux_driver! {
    type: Counter,
    name: "accel_events",
    authors: ["The accel developers"],
    description: "An accelerator that sends events",
    license: "GPL",
}
