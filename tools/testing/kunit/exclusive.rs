// SPDX-License-Identifier: GPL-2.0

//! A driver whose devices are for one user at a time, who looks for another one when it leaves.

use accel::{
    faux,
    prelude::*,
    Features,
    FileOps, //
};
use kernel::{
    device,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

use crate::node::Node;

struct Exclusive;

/// What the last user who left got who opened the device in its place: an error number.
static RESULT: Atomic<i32> = Atomic::new(0);

/// The minor of the device.
struct Opened(u32);

impl Drop for Opened {
    fn drop(&mut self) {
        let result = Node::open_user(self.0).map_or_else(|error| error.to_errno(), |_| 0);
        RESULT.store(result, Relaxed);
    }
}

impl AccelDriver for Exclusive {
    type Data = CovariantForLt!(());
    const INFO: DriverInfo = DriverInfo {
        name: "accel_kunit_exclusive",
        version: "1",
        user_space_url: "tools/testing/kunit",
        user_space_license: "GPL-2.0",
        documentation_url: "tools/testing/kunit",
    };
    const OPEN_POLICY: OpenPolicy = OpenPolicy::Exclusive;
    const IOCTLS: IoctlTable<Self> = IoctlTable::new(&[]);
    const FEATURES: Features<Self> = Features::none().file();
}

/// How often it was opened.
static OPENED: Atomic<u32> = Atomic::new(0);

impl FileOps for Exclusive {
    type File = Opened;

    fn open(ctx: &Context<'_, Self, Observer>) -> impl PinInit<Opened, Error> {
        // Else it would go on for ever, if it went wrong.
        if OPENED.fetch_add(1, Relaxed) > 1 {
            return Err(EIO);
        }
        Ok(Opened(ctx.device().minor()))
    }
}

impl faux::Driver for Exclusive {
    fn probe(_dev: &device::Device<device::Bound>) -> impl PinInit<(), Error> + '_ {
        Ok(())
    }
}

#[kunit_tests(accel_exclusive)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_there_until_its_state_has_gone() -> Result {
        OPENED.store(0, Relaxed);
        let device = faux::Registration::<Exclusive>::new(c"accel_kunit.exclusive")?;
        drop(Node::open_user(device.device().minor())?);
        assert_eq!(RESULT.load(Relaxed), EBUSY.to_errno());
        Ok(())
    }
}
