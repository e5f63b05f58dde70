// SPDX-License-Identifier: GPL-2.0

//! Fences of the test driver, of work that is never done.

use accel::{
    fence::{
        DriverFence,
        SyncFile,
        Timeline, //
    },
    prelude::*, //
};
use kernel::{
    new_mutex,
    sync::Mutex, //
};

use crate::{
    Policy,
    Test,
    Words, //
};

/// How many an open file may have.
const MAX: usize = 16;

/// Those of an open file.
#[pin_data]
pub(crate) struct Fences {
    timeline: Timeline,
    #[pin]
    pending: Mutex<KVec<DriverFence>>,
}

impl Fences {
    pub(crate) fn new<P: Policy>(device: &Device<Test<P>>) -> impl PinInit<Self> {
        let timeline = Timeline::new(device);
        pin_init!(Self {
            timeline,
            pending <- new_mutex!(KVec::new()),
        })
    }
}

/// Makes a fence, and returns a descriptor for it.
pub(crate) fn make<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let fences = &ctx.file().fences;
    let pending = fences.timeline.fence()?;
    let file = SyncFile::new(pending.fence())?;
    let mut all = fences.pending.lock();
    if all.len() == MAX {
        return Err(EAGAIN);
    }
    all.push(pending, GFP_KERNEL_ACCOUNT)?;
    // CAST: A descriptor is not negative.
    args.result = file.fd() as u32;
    file.install();
    Ok(())
}
