// SPDX-License-Identifier: GPL-2.0

//! Timelines of user space, as work begins and ends with their points.
//!
//! An ioctl that submits work takes points by handles: those that it depends on, and one that is
//! signalled when it is done.
//!
//! ```text
//!   in:   match ctx.timeline(handle)?.status(point)?
//!           Signalled        begin
//!           Pending(fence)   depend on the fence
//!           NotSubmitted     EAGAIN, or Context::wait_submitted() before
//!   out:  ctx.timeline(handle)?.attach(point, done.fence())?
//! ```
//!
//! User space may never submit a point. So a driver gets a fence only of one that is submitted, and
//! waits for the others, if at all, before it has made a fence for the work: then nothing that
//! others wait for depends on user space.

use kernel::{
    prelude::*,
    sync::Arc, //
};

pub use crate::base::sync_timeline::{
    PointStatus,
    SyncTimeline, //
};

use super::{
    context::{
        Context,
        User,
        Wake, //
    },
    AccelDriver, //
};
use crate::{
    base::wait::{
        points::{
            Stage,
            Target, //
        },
        Deadline, //
    },
    device::file::OpenFile, //
};

impl<T: AccelDriver> Context<'_, T, User> {
    /// Returns the timeline of a handle of the calling file, or `ENOENT`.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{fence::Fence, prelude::*, timeline::PointStatus};
    /// use kernel::sync::aref::ARef;
    ///
    /// /// Returns what a job has to wait for that depends on a point.
    /// fn in_fence<T: AccelDriver>(
    ///     ctx: &Context<'_, T>,
    ///     handle: u32,
    ///     point: u64,
    /// ) -> Result<Option<ARef<Fence>>> {
    ///     match ctx.timeline(handle)?.status(point)? {
    ///         PointStatus::Signalled => Ok(None),
    ///         PointStatus::Pending(fence) => Ok(Some(fence)),
    ///         PointStatus::NotSubmitted => Err(EAGAIN),
    ///     }
    /// }
    /// ```
    pub fn timeline(&self, handle: u32) -> Result<Arc<SyncTimeline>> {
        timeline_of(self.open_file(), handle)
    }

    /// Sleeps until `point` is submitted, a signal arrives, or the deadline has passed.
    ///
    /// User space may never submit it. As in [`Self::wait`], the caller does not hold up the
    /// removal of the device. It must not have made anything that others wait for, such as a fence
    /// that they have seen: that would wait for user space, too.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, timeline::PointStatus};
    /// /// Waits for what a job depends on, a second at most, before the job is made.
    /// fn wait_first<T: AccelDriver>(
    ///     ctx: Context<'_, T>,
    ///     handle: u32,
    ///     point: u64,
    /// ) -> Result<PointStatus> {
    ///     let timeline = ctx.timeline(handle)?;
    ///     let (_ctx, wake) = ctx.wait_submitted(&timeline, point, Deadline::in_ms(1_000))?;
    ///     wake.ready()?;
    ///     timeline.status(point)
    /// }
    /// ```
    pub fn wait_submitted(
        self,
        timeline: &SyncTimeline,
        point: u64,
        deadline: Deadline,
    ) -> Result<(Self, Wake<()>)> {
        let queue = timeline.queue().queue();
        self.wait_in_queue(queue, deadline, |_| is_submitted(timeline, point))
    }
}

/// Returns the timeline of a handle of `file`. Never a part of a driver.
#[inline(never)]
fn timeline_of(file: Option<&OpenFile>, handle: u32) -> Result<Arc<SyncTimeline>> {
    file.and_then(OpenFile::timelines)
        .ok_or(ENOENT)?
        .get(handle)
}

fn is_submitted(timeline: &SyncTimeline, point: u64) -> Option<()> {
    let stage = Stage::Submitted;
    timeline.reaches(Target { point, stage }).then_some(())
}
