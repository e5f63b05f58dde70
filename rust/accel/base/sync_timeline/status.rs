// SPDX-License-Identifier: GPL-2.0

//! What has to happen before a point is signalled.

use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::Relaxed, //
    }, //
};

use super::{
    State,
    SubmittedPoint,
    SyncTimeline, //
};
use crate::base::{
    fence::Fence,
    wait::points::{
        Stage,
        Target, //
    }, //
};

/// How far a point of a [`SyncTimeline`] has come.
///
/// # Examples
///
/// ```
/// use accel::timeline::{PointStatus, SyncTimeline};
/// use kernel::prelude::*;
///
/// /// Returns whether work that depends on a point can begin now.
/// fn can_begin(timeline: &SyncTimeline, point: u64) -> Result<bool> {
///     match timeline.status(point)? {
///         PointStatus::Signalled => Ok(true),
///         PointStatus::Pending(fence) => Ok(fence.status().is_some()),
///         // Whether it ever comes is up to user space, so no work waits for it.
///         PointStatus::NotSubmitted => Err(EAGAIN),
///     }
/// }
/// ```
pub enum PointStatus {
    /// It is signalled.
    Signalled,
    /// It will be signalled, with this fence.
    Pending(ARef<Fence>),
    /// It may never be signalled, so it has no fence.
    NotSubmitted,
}

impl SyncTimeline {
    /// Returns how far `point` has come. Returns `ENOMEM`. May sleep.
    #[inline(never)]
    pub fn status(&self, point: u64) -> Result<PointStatus> {
        let target = |stage| Target { point, stage };
        self.refresh();
        if self.reaches(target(Stage::Signalled)) {
            return Ok(PointStatus::Signalled);
        }
        if !self.reaches(target(Stage::Submitted)) {
            return Ok(PointStatus::NotSubmitted);
        }
        match self.fences_until(point)? {
            Some(fences) => Ok(PointStatus::Pending(Fence::all_of(&fences)?)),
            None => Ok(PointStatus::Signalled),
        }
    }

    /// Returns the fences of all points that are not signalled, up to the first that is submitted
    /// from `point` on; `None` if that is signalled by now.
    fn fences_until(&self, point: u64) -> Result<Option<KVec<ARef<Fence>>>> {
        let mut fences = KVec::new();
        loop {
            let count = self.state.lock().count as usize;
            fences.reserve(count, GFP_KERNEL)?;
            let mut state = self.state.lock();
            let value = self.value.load(Relaxed);
            if value >= point {
                return Ok(None);
            }
            // Others may have submitted more meanwhile.
            if state.count as usize <= fences.capacity() {
                state.add_fences(&mut fences, value + 1, point)?;
                return Ok(Some(fences));
            }
        }
    }
}

impl State {
    /// Adds the fences of the points from `first` up to the first that is submitted from `last` on.
    /// There must be room for them.
    fn add_fences(&mut self, fences: &mut KVec<ARef<Fence>>, first: u64, last: u64) -> Result {
        let mut cursor = self.points.cursor_lower_bound_mut(&first);
        while let Some(here) = cursor {
            let (&point, submitted) = here.current();
            if let SubmittedPoint::Work(work) = submitted {
                let fence = work.fence().clone();
                fences.push_within_capacity(fence).map_err(|_| ENOMEM)?;
            }
            cursor = match point >= last {
                true => None,
                false => here.move_next(),
            };
        }
        Ok(())
    }
}
