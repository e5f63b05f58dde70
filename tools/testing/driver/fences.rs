// SPDX-License-Identifier: GPL-2.0

//! Fences of the test driver, of work that is done when user space says so, if ever.

use accel::{
    fence::{
        DriverFence,
        SyncFile,
        Timeline, //
    },
    prelude::*,
    timeline::PointStatus, //
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

uapi_struct! {
    /// `struct accel_test_submit` of `accel_test_submit.h`
    pub(crate) struct Submit {
        size: u32,
        timeout_ms: u32,
        deadline_ns: u64,
        in_timeline: u32,
        out_timeline: u32,
        in_point: u64,
        out_point: u64,
        is_pending: u32,
        reserved: u32,
    }
}

/// Begins work, with whose end a point is signalled, when another point is submitted.
pub(crate) fn submit<P: Policy>(mut ctx: Context<'_, Test<P>>, args: &mut Submit) -> Result {
    if args.is_pending != 0 || args.reserved != 0 {
        return Err(EINVAL);
    }
    // Before there is a fence, which must not depend on user space.
    if args.in_timeline != 0 {
        ctx = wait_submitted(ctx, args)?;
    }

    let fences = &ctx.file().fences;
    let done = fences.timeline.fence()?;
    let mut all = fences.pending.lock();
    if all.len() == MAX {
        return Err(EAGAIN);
    }
    all.reserve(1, GFP_KERNEL_ACCOUNT)?;
    if args.out_timeline != 0 {
        // The last that can fail.
        let out = ctx.timeline(args.out_timeline)?;
        out.attach(args.out_point, done.fence())?;
    }
    all.push(done, GFP_KERNEL_ACCOUNT)?;
    Ok(())
}

/// Waits until the point is submitted that work depends on, and tells whether it is signalled.
fn wait_submitted<'a, P: Policy>(
    ctx: Context<'a, Test<P>>,
    args: &mut Submit,
) -> Result<Context<'a, Test<P>>> {
    let (timeline, point) = (ctx.timeline(args.in_timeline)?, args.in_point);
    let ctx = Deadline::restartable(args.timeout_ms, &mut args.deadline_ns, |deadline| {
        let (ctx, wake) = ctx.wait_submitted(&timeline, point, deadline)?;
        wake.ready().map(|()| ctx)
    })?;
    args.is_pending = match timeline.status(point)? {
        PointStatus::Signalled => 0,
        PointStatus::Pending(_fence) => 1,
        PointStatus::NotSubmitted => return Err(EAGAIN),
    };
    Ok(ctx)
}

/// Ends the work of the file that was begun first; with an error of the device if `a` is not zero.
pub(crate) fn finish<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    let mut all = ctx.file().fences.pending.lock();
    let done = all.remove(0).map_err(|_| ENOENT)?;
    drop(all);
    done.signal(match args.a {
        0 => Ok(()),
        _ => Err(EIO),
    });
    Ok(())
}
