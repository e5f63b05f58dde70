// SPDX-License-Identifier: GPL-2.0

//! Tests of fences, without a device.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    Fences,
    Timeline, //
};

/// Makes a timeline of a device, and what that device keeps.
fn timeline() -> Result<(Timeline, Arc<Fences>)> {
    let fences = Arc::pin_init(Fences::new(), GFP_KERNEL)?;
    Ok((Timeline::of(fences.clone()), fences))
}

#[kunit_tests(accel_fence)]
mod tests {
    use super::*;
    use crate::base::fence::{
        dma_resv::{
            DmaResv,
            Reservations, //
        },
        Fence,
        SyncFile, //
    };
    use kernel::{
        bindings,
        fs::LocalFile, //
    };
    use pin_init::stack_pin_init;

    #[test]
    fn a_fence_is_signalled_with_a_result() -> Result {
        for result in [Ok(()), Err(EIO), Err(ECANCELED)] {
            let (timeline, fences) = timeline()?;
            let pending = timeline.fence()?;
            let fence = pending.fence().clone();
            assert_eq!(fence.status(), None);
            pending.signal(result);
            assert_eq!(fence.status(), Some(result));
            fences.lose(ENODEV);
            assert_eq!(fence.status(), Some(result));
        }
        Ok(())
    }

    #[test]
    fn a_fence_follows_those_before_it_on_its_timeline() -> Result {
        let (timeline, fences) = timeline()?;
        let (first, second) = (timeline.fence()?, timeline.fence()?);
        assert!(second.follows(first.fence()));
        assert!(!first.follows(second.fence()) && !first.follows(first.fence()));
        let other = Timeline::of(fences.clone());
        let (before, after) = (other.fence()?, other.fence()?);
        assert!(after.follows(before.fence()));
        assert!(!after.follows(first.fence()) && !second.follows(before.fence()));
        fences.lose(ECANCELED);
        Ok(())
    }

    #[test]
    fn a_fence_that_is_dropped_is_cancelled() -> Result {
        let (timeline, _fences) = timeline()?;
        let pending = timeline.fence()?;
        let fence = pending.fence().clone();
        drop(pending);
        assert_eq!(fence.status(), Some(Err(ECANCELED)));
        Ok(())
    }

    #[test]
    fn fences_are_signalled_when_the_device_goes() -> Result {
        let (timeline, fences) = timeline()?;
        let signalled_late = timeline.fence()?;
        let dropped_late = timeline.fence()?;
        let all = [&signalled_late, &dropped_late].map(|f| f.fence().clone());

        fences.lose(ENODEV);
        for fence in &all {
            assert_eq!(fence.status(), Some(Err(ENODEV)));
        }
        signalled_late.signal(Ok(()));
        drop(dropped_late);
        for fence in &all {
            assert_eq!(fence.status(), Some(Err(ENODEV)));
        }
        Ok(())
    }

    #[test]
    fn fences_are_born_signalled_while_work_is_lost() -> Result {
        let (timeline, fences) = timeline()?;
        let before = timeline.fence()?;
        assert!(!before.is_lost());
        for error in [ECANCELED, EIO, ENODEV] {
            fences.lose(error);
            let pending = timeline.fence()?;
            let fence = pending.fence().clone();
            assert!(pending.is_lost());
            assert_eq!(fence.status(), Some(Err(error)));
            pending.signal(Ok(()));
            assert_eq!(fence.status(), Some(Err(error)));
        }
        // The first error stays.
        assert!(before.is_lost());
        assert_eq!(before.fence().status(), Some(Err(ECANCELED)));

        fences.reopen();
        let after = timeline.fence()?;
        assert_eq!(after.number(), 5);
        assert_eq!(after.fence().status(), None);
        let fence = after.fence().clone();
        after.signal(Ok(()));
        assert_eq!(fence.status(), Some(Ok(())));
        drop(before);
        Ok(())
    }

    #[test]
    fn a_fence_outlives_timeline_and_device() -> Result {
        let (timeline, fences) = timeline()?;
        let pending = timeline.fence()?;
        let fence = pending.fence().clone();
        drop(timeline);
        drop(fences);
        assert_eq!(fence.status(), None);
        pending.signal(Ok(()));
        assert_eq!(fence.status(), Some(Ok(())));
        Ok(())
    }

    #[test]
    fn a_timeline_is_in_order() -> Result {
        let (timeline, fences) = timeline()?;
        let (first, second, third) = (timeline.fence()?, timeline.fence()?, timeline.fence()?);
        let [a, b, c] = [&first, &second, &third].map(|f| f.fence().clone());
        assert_eq!([first.number(), second.number(), third.number()], [1, 2, 3]);

        second.signal(Err(EIO));
        third.signal(Ok(()));
        assert_eq!([a.status(), b.status(), c.status()], [None; 3]);
        first.signal(Ok(()));
        let all = [Some(Ok(())), Some(Err(EIO)), Some(Ok(()))];
        assert_eq!([a.status(), b.status(), c.status()], all);

        // Others do not wait for it.
        let held_up = timeline.fence()?;
        let other = Timeline::of(fences.clone());
        let pending = other.fence()?;
        let fence = pending.fence().clone();
        pending.signal(Ok(()));
        assert_eq!(fence.status(), Some(Ok(())));
        drop(held_up);
        Ok(())
    }

    #[test]
    fn what_was_done_out_of_order_keeps_its_result_when_the_device_goes() -> Result {
        let (timeline, fences) = timeline()?;
        let (first, second) = (timeline.fence()?, timeline.fence()?);
        let [a, b] = [&first, &second].map(|f| f.fence().clone());
        second.signal(Ok(()));
        fences.lose(ENODEV);
        assert_eq!(a.status(), Some(Err(ENODEV)));
        assert_eq!(b.status(), Some(Ok(())));
        Ok(())
    }

    #[test]
    fn a_descriptor_leads_back_to_the_fence() -> Result {
        let (timeline, _fences) = timeline()?;
        let pending = timeline.fence()?;

        let file = SyncFile::new(pending.fence())?;
        let fd = file.fd();
        assert_eq!(Fence::from_fd(fd).err(), Some(EINVAL));
        file.install();
        let fence = Fence::from_fd(fd)?;
        assert!(core::ptr::eq(&*fence, &**pending.fence()));

        // SAFETY: The descriptor was installed above.
        unsafe { bindings::close_fd(fd as u32) };
        assert_eq!(Fence::from_fd(fd).err(), Some(EINVAL));
        drop(pending);
        assert_eq!(fence.status(), Some(Err(ECANCELED)));
        Ok(())
    }

    #[test]
    fn a_descriptor_that_is_not_installed_is_free_again() -> Result {
        let (timeline, _fences) = timeline()?;
        let pending = timeline.fence()?;
        let fd = SyncFile::new(pending.fence())?.fd();
        assert!(LocalFile::fget(fd as u32).is_err());
        assert_eq!(SyncFile::new(pending.fence())?.fd(), fd);
        Ok(())
    }

    #[test]
    fn memory_carries_the_fences_of_work_on_it() -> Result {
        let (timeline, _fences) = timeline()?;
        let pending = timeline.fence()?;
        stack_pin_init!(let memory = DmaResv::new());
        let mut reservations = Reservations::with_room(1)?;
        reservations.add(&memory, false)?;
        reservations.lock_while(|| Ok(()))?.add(pending.fence());
        drop(reservations);

        // Who reads does not wait for who reads.
        assert!(!memory.is_busy(false));
        assert!(memory.is_busy(true));
        assert!(!memory.is_idle());
        pending.signal(Ok(()));
        assert!(memory.is_idle());
        Ok(())
    }
}
