// SPDX-License-Identifier: GPL-2.0

//! A driver in a repository of its own: it has a topic, by which it tells the squares of numbers.
//!
//! To run it: `insmod accel_vendor.ko`, then `accelctl info`.

#![forbid(unsafe_code)]

use accel::{
    faux,
    info::{List, Topic, TopicTable},
    prelude::*,
};
use kernel::device;

struct Vendor;

uapi_struct! {
    /// A record of the topic 0x8000.
    struct Square {
        number: u32,
        square: u32,
    }
}

fn squares(_ctx: &Context<'_, Vendor, Observer>, list: &mut List<Square>) -> Result {
    for number in 0..10 {
        list.push(Square {
            number,
            square: number * number,
        })?;
    }
    Ok(())
}

impl AccelDriver for Vendor {
    type Data = CovariantForLt!(());
    const INFO: DriverInfo = DriverInfo {
        name: "accel_vendor",
        version: "1",
        user_space_url: "samples/out-of-tree",
        user_space_license: "GPL-2.0",
        documentation_url: "samples/out-of-tree/accel_vendor.rs",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Shared;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
    const TOPICS: TopicTable<Self> = TopicTable::new(&[Topic::new(0x8000, squares)]);
}

impl faux::Driver for Vendor {
    fn probe(_: &device::Device<device::Bound>) -> impl PinInit<(), Error> + '_ {
        Ok(())
    }
}

accel::module_faux_driver! {
    type: Vendor,
    name: "accel_vendor",
    authors: ["The accel developers"],
    description: "A driver outside of the tree of the framework",
    license: "GPL",
}
