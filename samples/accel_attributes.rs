// SPDX-License-Identifier: GPL-2.0

//! A driver with attributes of its own in sysfs: a limit that root sets, and how often it did.
//!
//! To run it: `insmod accel_attributes.ko`, then
//! `cd /sys/class/accelerator/accel*/accel_attributes`, `echo 50 > limit`, `cat limit changes`.

#![forbid(unsafe_code)]

use accel::{faux, prelude::*, Attribute, AttributeTable};
use kernel::{
    device,
    sync::atomic::{Atomic, Relaxed},
};

struct Attributes;

struct Data {
    limit: Atomic<u32>,
    changes: Atomic<u64>,
}

/// The highest limit that can be set.
const MAX_LIMIT: u32 = 100;

fn show_limit(ctx: &Context<'_, Attributes, Observer>) -> u32 {
    ctx.data().limit.load(Relaxed)
}

fn store_limit(ctx: &Context<'_, Attributes, Observer>, limit: u32) -> Result {
    if limit > MAX_LIMIT {
        return Err(EINVAL);
    }
    ctx.data().limit.store(limit, Relaxed);
    ctx.data().changes.fetch_add(1, Relaxed);
    Ok(())
}

fn show_changes(ctx: &Context<'_, Attributes, Observer>) -> u64 {
    ctx.data().changes.load(Relaxed)
}

impl AccelDriver for Attributes {
    type Data = CovariantForLt!(Data);
    const INFO: DriverInfo = DriverInfo {
        name: "accel_attributes",
        version: "1",
        user_space_url: "samples/accel_attributes.rs",
        user_space_license: "GPL-2.0",
        documentation_url: "Documentation/accel/observability.rst",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
    const ATTRIBUTES: AttributeTable<Self> = AttributeTable::new(&[
        Attribute::new(c"limit", show_limit).store(store_limit),
        Attribute::new(c"changes", show_changes),
    ]);
}

impl faux::Driver for Attributes {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<Data, Error> + '_ {
        Ok(Data {
            limit: Atomic::new(MAX_LIMIT),
            changes: Atomic::new(0),
        })
    }
}

accel::module_faux_driver! {
    type: Attributes,
    name: "accel_attributes",
    authors: ["The accel developers"],
    description: "Sample of an accelerator driver with attributes",
    license: "GPL",
}
