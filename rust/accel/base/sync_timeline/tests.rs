// SPDX-License-Identifier: GPL-2.0

//! Tests of timelines, without a device.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::SyncTimeline;
use crate::base::fence::{
    Fences,
    Timeline, //
};

/// Makes a timeline, and one of fences.
fn timelines(value: u64) -> Result<(Arc<SyncTimeline>, Timeline)> {
    let fences = Arc::pin_init(Fences::new(), GFP_KERNEL)?;
    let timeline = Arc::pin_init(SyncTimeline::new(value), GFP_KERNEL)?;
    Ok((timeline, Timeline::of(fences)))
}

#[kunit_tests(accel_sync_timeline)]
mod tests {
    use super::*;
    use crate::{
        base::{
            fence::Fence,
            sync_timeline::{
                Failure,
                PointStatus,
                Table,
                WaitSet, //
            },
            wait::{
                points::{
                    Progress,
                    Stage, //
                },
                Deadline,
                Sleepers, //
            },
        },
        sys::uapi::{
            accel_timeline_point,
            ACCEL_TIMELINE_MAX,
            ACCEL_TIMELINE_MAX_SUBMITTED, //
        },
    };
    use kernel::sync::aref::ARef;

    fn progress(submitted: u64, signalled: u64) -> Progress {
        Progress {
            submitted,
            signalled,
        }
    }

    /// Returns the fence of a point, if it has one.
    fn fence_of(timeline: &SyncTimeline, point: u64) -> Result<Option<ARef<Fence>>> {
        match timeline.status(point)? {
            PointStatus::Pending(fence) => Ok(Some(fence)),
            PointStatus::Signalled | PointStatus::NotSubmitted => Ok(None),
        }
    }

    #[test]
    fn user_space_signals_points_in_order() -> Result {
        let (timeline, _) = timelines(3)?;
        assert_eq!(timeline.progress(), progress(3, 3));
        for point in [0, 1, 3] {
            assert_eq!(timeline.signal(point), Err(EINVAL));
        }
        for point in [4, 100, u64::MAX] {
            timeline.signal(point)?;
            assert_eq!(timeline.progress(), progress(point, point));
        }
        assert_eq!(timeline.signal(u64::MAX), Err(EINVAL));
        Ok(())
    }

    #[test]
    fn a_point_that_is_not_submitted_has_no_fence() -> Result {
        let (timeline, fences) = timelines(0)?;
        let work = fences.fence()?;
        timeline.attach(5, work.fence())?;
        assert!(matches!(timeline.status(0)?, PointStatus::Signalled));
        assert!(matches!(timeline.status(6)?, PointStatus::NotSubmitted));
        for point in [1, 5] {
            let fence = fence_of(&timeline, point)?.ok_or(ENOENT)?;
            assert!(core::ptr::eq(&*fence, &**work.fence()));
        }
        work.signal(Ok(()));
        assert!(matches!(timeline.status(5)?, PointStatus::Signalled));
        assert!(matches!(timeline.status(6)?, PointStatus::NotSubmitted));
        Ok(())
    }

    #[test]
    fn a_point_is_signalled_with_its_fence() -> Result {
        let (timeline, fences) = timelines(0)?;
        let work = fences.fence()?;
        timeline.attach(5, work.fence())?;
        assert_eq!(timeline.progress(), progress(5, 0));
        work.signal(Err(EIO));
        assert_eq!(timeline.progress(), progress(5, 5));
        let failure = Failure {
            point: 5,
            error: EIO,
        };
        assert_eq!(timeline.failure(), Some(failure));
        // And at once with one that is signalled already.
        let work = fences.fence()?;
        let fence = work.fence().clone();
        work.signal(Ok(()));
        timeline.attach(6, &fence)?;
        assert_eq!(timeline.progress(), progress(6, 6));
        assert_eq!(timeline.failure(), Some(failure));
        Ok(())
    }

    #[test]
    fn points_are_signalled_in_order() -> Result {
        let (timeline, fences) = timelines(0)?;
        let (first, _) = (fences.fence()?, ());
        let (_, others) = timelines(0)?;
        let second = others.fence()?;
        timeline.attach(10, first.fence())?;
        timeline.attach(20, second.fence())?;
        timeline.signal(30)?;
        assert_eq!(timeline.progress(), progress(30, 0));
        assert_eq!(timeline.attach(30, second.fence()), Err(EINVAL));

        // All of them: neither has failed.
        let both = fence_of(&timeline, 30)?.ok_or(ENOENT)?;
        let one = fence_of(&timeline, 10)?.ok_or(ENOENT)?;
        second.signal(Ok(()));
        assert_eq!(timeline.progress(), progress(30, 0));
        assert_eq!((both.status(), one.status()), (None, None));
        first.signal(Ok(()));
        assert_eq!(timeline.progress(), progress(30, 30));
        assert_eq!(one.status(), Some(Ok(())));
        Ok(())
    }

    #[test]
    fn a_timeline_may_go_before_its_fences() -> Result {
        let (timeline, fences) = timelines(0)?;
        let work = fences.fence()?;
        timeline.attach(1, work.fence())?;
        drop(timeline);
        let fence = work.fence().clone();
        work.signal(Ok(()));
        assert_eq!(fence.status(), Some(Ok(())));
        Ok(())
    }

    #[test]
    fn so_many_points_at_a_time() -> Result {
        let (timeline, fences) = timelines(0)?;
        let work = fences.fence()?;
        let max = u64::from(ACCEL_TIMELINE_MAX_SUBMITTED);
        for point in 1..=max {
            timeline.attach(point, work.fence())?;
        }
        assert_eq!(timeline.attach(max + 1, work.fence()), Err(ENOMEM));
        assert_eq!(timeline.signal(max + 1), Err(ENOMEM));
        work.signal(Ok(()));
        let work = fences.fence()?;
        timeline.attach(max + 1, work.fence())?;
        timeline.signal(max + 2)?;
        assert_eq!(timeline.progress(), progress(max + 2, max));
        Ok(())
    }

    #[test]
    fn handles_are_of_timelines_only() -> Result {
        let table = KBox::pin_init(Table::new(), GFP_KERNEL)?;
        let (timeline, _) = timelines(0)?;
        let first = table.insert(timeline.clone())?;
        let second = table.insert(timeline.clone())?;
        assert_eq!((first, second), (1 << 30, (1 << 30) + 1));
        assert!(Arc::ptr_eq(&table.get(second)?, &timeline));
        for handle in [0, 1, second + 1, 1 << 31, (1 << 31) | first, u32::MAX] {
            assert_eq!(table.get(handle).err(), Some(ENOENT));
            assert_eq!(table.remove(handle).err(), Some(ENOENT));
        }
        table.remove(first)?;
        assert_eq!(table.get(first).err(), Some(ENOENT));
        assert_eq!(table.remove(first).err(), Some(ENOENT));
        assert_eq!(table.insert(timeline.clone())?, first);
        for _ in 2..ACCEL_TIMELINE_MAX {
            table.insert(timeline.clone())?;
        }
        assert_eq!(table.insert(timeline), Err(ENOMEM));
        Ok(())
    }

    /// Waits for points of the timelines `first` and `second`, until now.
    fn poll(
        timelines: [&Arc<SyncTimeline>; 2],
        points: [u64; 2],
        stage: Stage,
        all: bool,
    ) -> Result<u32> {
        let table = KBox::pin_init(Table::new(), GFP_KERNEL)?;
        let sleepers = KBox::pin_init(Sleepers::new(), GFP_KERNEL)?;
        let mut set = WaitSet::with_capacity(2, stage, all)?;
        for (timeline, point) in timelines.into_iter().zip(points) {
            let point = accel_timeline_point {
                handle: table.insert(timeline.clone())?,
                reserved: 0,
                point,
            };
            table.add_to(&mut set, &[point])?;
        }
        set.wait(Deadline::at_ns(1), &sleepers, || Ok(()))
    }

    #[test]
    fn any_of_several_or_all() -> Result {
        let (first, _) = timelines(4)?;
        let (second, fences) = timelines(0)?;
        let work = fences.fence()?;
        second.attach(7, work.fence())?;
        let both = [&first, &second];
        let (any, all) = (false, true);
        assert_eq!(poll(both, [5, 7], Stage::Signalled, any), Err(ETIMEDOUT));
        assert_eq!(poll(both, [5, 7], Stage::Submitted, any), Ok(1));
        assert_eq!(poll(both, [4, 7], Stage::Submitted, any), Ok(0));
        assert_eq!(poll(both, [4, 7], Stage::Submitted, all), Ok(0));
        assert_eq!(poll(both, [4, 8], Stage::Submitted, all), Err(ETIMEDOUT));
        assert_eq!(poll(both, [4, 7], Stage::Signalled, all), Err(ETIMEDOUT));
        work.signal(Ok(()));
        assert_eq!(poll(both, [4, 7], Stage::Signalled, all), Ok(0));
        assert_eq!(poll(both, [5, 7], Stage::Signalled, any), Ok(1));
        Ok(())
    }
}
