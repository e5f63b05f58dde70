// SPDX-License-Identifier: GPL-2.0

//! Timelines that user space has: a value that grows, and points that are signalled when the value
//! has reached them; by user space itself, or by work whose fences are attached to points.
//!
//! ```text
//!    value       submitted
//!      |             |
//! -----+-----o-------o------------->
//!  signalled |       |  nothing: user space may never submit these
//!            |       +- WorkPoint, with a dma_fence
//!            +- UserPoint, behind a WorkPoint
//! ```
//!
//! A timeline belongs to no device: see `Documentation/accel/timelines.rst`.
//!
//! The callback of a fence locks a timeline. So no fence is locked with a timeline locked: neither
//! is a callback added or removed there, nor a fence asked for its status that may have to be
//! signalled for an answer.

mod descriptor;
mod points;
mod set;
mod status;
#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
mod tests;
mod watches;

pub(crate) use self::{
    descriptor::{
        export,
        import, //
    },
    set::{
        Table,
        WaitSet, //
    }, //
};

pub use self::status::PointStatus;

use kernel::{
    new_spinlock_irq,
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNodeReservation, //
    },
    sync::{
        aref::ARef,
        atomic::{
            Acquire,
            Atomic,
            Relaxed,
            Release, //
        },
        SpinLockIrq, //
    }, //
};

use self::{
    points::{
        SubmittedPoint,
        UserPoint,
        WorkPoint, //
    },
    watches::{
        WatchNode,
        Watches, //
    }, //
};
use super::{
    eventfd::EventFd,
    fence::Fence,
    wait::points::{
        PointQueue,
        Progress,
        Stage,
        Target, //
    },
};
use crate::sys::uapi::ACCEL_TIMELINE_MAX_SUBMITTED;

/// The work of a point that has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) point: u64,
    pub(crate) error: Error,
}

struct State {
    /// The points that are submitted, until they are taken out some time after they are signalled.
    points: RBTree<u64, SubmittedPoint>,
    count: u32,
    watches: Watches,
    failure: Option<Failure>,
}

impl State {
    /// Returns `ENOMEM` if there are as many points as there may be.
    fn check_room(&self) -> Result {
        match self.count < ACCEL_TIMELINE_MAX_SUBMITTED {
            true => Ok(()),
            false => Err(ENOMEM),
        }
    }
}

/// A timeline that user space knows by handles and descriptors, wherever it has come from. See
/// [`Context::timeline`](crate::Context::timeline).
///
/// Not to be dropped in interrupt context.
#[pin_data(PinnedDrop)]
pub struct SyncTimeline {
    /// The last point that is signalled, and the last one that is submitted. Both only grow, and
    /// are only changed while `state` is locked.
    value: Atomic<u64>,
    submitted: Atomic<u64>,
    #[pin]
    state: SpinLockIrq<State>,
    #[pin]
    queue: PointQueue,
}

impl SyncTimeline {
    /// Makes a timeline, whose points up to `first_value` are signalled.
    pub(crate) fn new(first_value: u64) -> impl PinInit<Self> {
        pin_init!(Self {
            value: Atomic::new(first_value),
            submitted: Atomic::new(first_value),
            state <- new_spinlock_irq!(State {
                points: RBTree::new(),
                count: 0,
                watches: Watches::new(),
                failure: None,
            }),
            queue <- PointQueue::new(),
        })
    }

    /// Returns how far it has come. May lag behind a fence that is being signalled: see
    /// [`Self::refresh`].
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            submitted: self.submitted.load(Acquire),
            signalled: self.value.load(Acquire),
        }
    }

    /// Returns whether there is nothing left to wait for.
    #[inline]
    pub(crate) fn reaches(&self, target: Target) -> bool {
        let last = match target.stage {
            Stage::Submitted => &self.submitted,
            Stage::Signalled => &self.value,
        };
        last.load(Acquire) >= target.point
    }

    /// Takes note of fences that are signalled, whose callbacks may not have been called yet.
    #[inline]
    pub(crate) fn refresh(&self) {
        let progress = self.progress();
        if progress.submitted != progress.signalled {
            self.advance();
        }
    }

    /// Returns the work that has failed last.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.state.lock().failure
    }

    /// Returns the queue of those who wait.
    pub(crate) fn queue(&self) -> &PointQueue {
        &self.queue
    }

    /// Submits `point` for user space, which signals it now. Returns `EINVAL` if it is not behind
    /// all that are submitted, and `ENOMEM`.
    pub(crate) fn signal(&self, point: u64) -> Result {
        let mut node = None;
        loop {
            let mut state = self.state.lock();
            self.check_order(point)?;
            if self.submitted.load(Relaxed) == self.value.load(Relaxed) {
                self.submitted.store(point, Release);
                self.value.store(point, Release);
                self.notify(&mut state);
                return Ok(());
            }
            // It has to wait for its turn.
            if let Some(node) = node {
                state.check_room()?;
                let signalled = SubmittedPoint::User(UserPoint::signalled());
                self.submit(&mut state, point, node, signalled);
                return Ok(());
            }
            drop(state);
            self.take_out_signalled();
            node = Some(RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?);
        }
    }

    /// Submits `point`, which is signalled when `fence` is and all points before it are. Returns
    /// `EINVAL` if it is not behind all that are submitted, and `ENOMEM`. May sleep.
    ///
    /// User space sees the point from then on. So this comes last of what can fail before the work
    /// of the fence begins, as [`SyncFile::install`](crate::fence::SyncFile::install) does of all.
    /// If the work fails nevertheless, its fence says so.
    ///
    /// # Examples
    ///
    /// ```
    /// use accel::{fence::{DriverFence, Timeline}, timeline::SyncTimeline};
    /// use kernel::prelude::*;
    ///
    /// /// Makes the fence of a job, with which a point is signalled.
    /// fn fence_of_job(jobs: &Timeline, out: &SyncTimeline, point: u64) -> Result<DriverFence> {
    ///     let done = jobs.fence()?;
    ///     out.attach(point, done.fence())?;
    ///     Ok(done)
    /// }
    /// ```
    #[inline(never)]
    pub fn attach(&self, point: u64, fence: &ARef<Fence>) -> Result {
        self.take_out_signalled();
        let node = RBTreeNodeReservation::new(GFP_KERNEL_ACCOUNT)?;
        // SAFETY: It goes when this function fails, or when `self` is dropped, before the rest of
        // that.
        let work = unsafe { WorkPoint::new(self, fence.clone()) }?;
        let work = SubmittedPoint::Work(work);
        // Declared last: if this fails, the point is dropped when the timeline is not locked any
        // more.
        let mut state = self.state.lock();
        state.check_room()?;
        self.check_order(point)?;
        self.submit(&mut state, point, node, work);
        Ok(())
    }

    /// Signals `eventfd`, once, when `target` is reached. Returns `ENOMEM`.
    pub(crate) fn watch(&self, target: Target, eventfd: EventFd) -> Result {
        let node = WatchNode::new()?;
        let mut state = self.state.lock();
        if self.reaches(target) {
            eventfd.signal();
            return Ok(());
        }
        state.watches.add(target, node, eventfd)
    }

    /// Checks that `point` comes behind all that are submitted. To be called while `state` is
    /// locked.
    fn check_order(&self, point: u64) -> Result {
        match point > self.submitted.load(Relaxed) {
            true => Ok(()),
            false => Err(EINVAL),
        }
    }

    /// Adds a point, for which there is room, and which is behind all others.
    fn submit(
        &self,
        state: &mut State,
        point: u64,
        node: RBTreeNodeReservation<u64, SubmittedPoint>,
        submitted: SubmittedPoint,
    ) {
        state.points.insert(node.into_node(point, submitted));
        state.count += 1;
        self.submitted.store(point, Release);
        self.advance_locked(state);
        self.notify(state);
    }

    /// Takes note of all fences that are signalled. May be called from interrupt context, and with
    /// a fence locked.
    #[inline(never)]
    fn advance(&self) {
        let mut state = self.state.lock();
        if self.advance_locked(&mut state) {
            self.notify(&mut state);
        }
    }

    /// As [`Self::advance`], but for those who wait. Returns whether there are any to tell.
    fn advance_locked(&self, state: &mut State) -> bool {
        let before = self.value.load(Relaxed);
        let mut value = before;
        let next = before.saturating_add(1);
        let mut cursor = state.points.cursor_lower_bound_mut(&next);
        while let Some(here) = cursor {
            let (&point, submitted) = here.current();
            let Some(result) = submitted.result().filter(|_| point > value) else {
                break;
            };
            if let Err(error) = result {
                state.failure = Some(Failure { point, error });
            }
            value = point;
            cursor = here.move_next();
        }
        self.value.store(value, Release);
        value != before
    }

    /// Tells those who wait, of whom there may be none.
    fn notify(&self, state: &mut State) {
        let progress = self.progress();
        state.watches.notify(progress);
        self.queue.wake(progress);
    }

    /// Frees what is left of points that are signalled. The callback of a fence, which is locked
    /// then, does not.
    fn take_out_signalled(&self) {
        while let Some(point) = self.take_out_first() {
            drop(point);
        }
    }

    /// Takes out the first point, if it is signalled, to be dropped when `state` is not locked.
    fn take_out_first(&self) -> Option<SubmittedPoint> {
        let state = &mut *self.state.lock();
        let cursor = state.points.cursor_front_mut()?;
        if *cursor.current().0 > self.value.load(Relaxed) {
            return None;
        }
        let (_, node) = cursor.remove_current();
        state.count -= 1;
        Some(node.to_key_value().1)
    }
}

#[pinned_drop]
impl PinnedDrop for SyncTimeline {
    fn drop(self: Pin<&mut Self>) {
        // Callbacks that are running find no points any more. To drop a point waits for its one, so
        // none is left when the rest is dropped.
        let points = core::mem::replace(&mut self.state.lock().points, RBTree::new());
        drop(points);
    }
}
