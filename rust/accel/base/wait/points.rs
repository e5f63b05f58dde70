// SPDX-License-Identifier: GPL-2.0

//! Queues of tasks that wait for points: each for one number, and each in many queues at a time.

use kernel::{
    bindings,
    container_of,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*,
    sync::barrier::{
        smp_mb,
        Full, //
    },
    types::Opaque, //
};

use super::{
    queue::wake_first,
    WaitQueue,
    Waiter, //
};

/// How far a point has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is certain that it will be signalled.
    Submitted,
    /// It is signalled.
    Signalled,
}

/// What a task waits for: that a point has come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) point: u64,
    pub(crate) stage: Stage,
}

/// The last points that have come so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) submitted: u64,
    pub(crate) signalled: u64,
}

impl Progress {
    /// Returns the last point that has come as far as `stage`.
    pub(crate) fn of(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Submitted => self.submitted,
            Stage::Signalled => self.signalled,
        }
    }

    /// Returns whether nothing is left to wait for.
    pub(crate) fn reaches(&self, target: Target) -> bool {
        self.of(target.stage) >= target.point
    }
}

/// A queue of tasks that wait for points of one timeline.
///
/// # Invariants
///
/// The key of a wake-up of the queue refers to a [`Progress`].
#[pin_data]
pub(crate) struct PointQueue {
    #[pin]
    queue: WaitQueue,
}

impl PointQueue {
    pub(crate) fn new() -> impl PinInit<Self> {
        // INVARIANT: Nobody wakes it but `wake()`.
        pin_init!(Self {
            queue <- WaitQueue::new(),
        })
    }

    /// Returns the queue, for a task that is woken by any progress.
    pub(crate) fn queue(&self) -> &WaitQueue {
        &self.queue
    }

    /// Wakes those whose target `progress` has reached. May be called from interrupt context.
    ///
    /// Who calls this must have made that visible before.
    pub(crate) fn wake(&self, progress: Progress) {
        if !self.queue.has_sleepers() {
            return;
        }
        let key: *const Progress = &progress;
        // SAFETY: The queue is initialised, and the key refers to a `Progress` as long as this call
        // takes.
        unsafe {
            bindings::__wake_up(
                self.queue.as_raw(),
                bindings::TASK_NORMAL,
                0,
                key.cast_mut().cast(),
            )
        };
    }
}

/// The place of a task in a [`PointQueue`].
///
/// # Invariants
///
/// `entry` is one of [`wake_if_reached`]. It is on `queue` as long as it is in [`Places`], and its
/// `private` is the entry of the waiter of those.
struct Place<'a> {
    entry: Opaque<bindings::wait_queue_entry>,
    queue: &'a PointQueue,
    target: Target,
}

/// The places of a task. Only lives on the stack of the task, where it cannot be forgotten.
struct Places<'a>(KVVec<Place<'a>>);

impl Drop for Places<'_> {
    fn drop(&mut self) {
        for place in &self.0 {
            let queue = place.queue.queue.as_raw();
            // SAFETY: By the type invariants the entry is on this queue.
            unsafe { bindings::remove_wait_queue(queue, place.entry.get()) };
        }
    }
}

impl<'a> Waiter<'a> {
    /// Calls `f`, which sleeps as this waiter, that is woken when any of `targets` is reached, too.
    /// Wake-ups count from now on. Returns `ENOMEM`.
    pub(crate) fn with_targets<'q, V>(
        self: Pin<&Self>,
        targets: impl ExactSizeIterator<Item = (&'q PointQueue, Target)>,
        f: impl FnOnce() -> V,
    ) -> Result<V> {
        // Its memory must not move while there are entries in it, so it has all of it before.
        let mut places = Places(KVVec::with_capacity(targets.len(), GFP_KERNEL)?);
        for (queue, target) in targets {
            let entry = bindings::wait_queue_entry {
                flags: 0,
                private: self.raw_entry().cast(),
                func: Some(wake_if_reached),
                entry: Default::default(),
            };
            // INVARIANT: It is queued before anybody else sees it.
            let place = Place {
                entry: Opaque::new(entry),
                queue,
                target,
            };
            places.0.push_within_capacity(place).map_err(|_| ENOMEM)?;
            if let Some(place) = places.0.last() {
                let queue = queue.queue.as_raw();
                // SAFETY: The entry is initialised. It stays where it is, since the memory is not
                // exceeded, until it is taken off the queue when `places` is dropped.
                unsafe { bindings::add_wait_queue(queue, place.entry.get()) };
            }
        }
        smp_mb(Full);
        Ok(f())
    }
}

/// Wakes a task if its target is reached.
///
/// # Safety
///
/// To be called by the functions of wait queues, for the entry of a [`Place`].
unsafe extern "C" fn wake_if_reached(
    entry: *mut bindings::wait_queue_entry,
    mode: c_uint,
    flags: c_int,
    key: *mut c_void,
) -> c_int {
    // SAFETY: The entry is part of a `Place`, which is not freed meanwhile: for that, the entry has
    // to leave its queue, which is locked.
    let place = unsafe { &*container_of!(Opaque::cast_from(entry), Place<'_>, entry) };
    // SAFETY: By the type invariants of `PointQueue`, the key is one of these.
    let progress = unsafe { *key.cast::<Progress>() };
    if !progress.reaches(place.target) {
        return 0;
    }
    // SAFETY: The entry refers to that of a waiter, as those of this function do.
    unsafe { wake_first(entry, mode, flags, key) }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_point_queue)]
mod tests {
    use super::*;
    use crate::base::wait::Signals;
    use pin_init::stack_pin_init;

    fn signalled(point: u64) -> Target {
        Target {
            point,
            stage: Stage::Signalled,
        }
    }

    fn submitted(point: u64) -> Target {
        Target {
            point,
            stage: Stage::Submitted,
        }
    }

    fn progress(submitted: u64, signalled: u64) -> Progress {
        Progress {
            submitted,
            signalled,
        }
    }

    /// Returns whether a sleep ends because of a wake-up that has come before.
    fn is_woken(waiter: Pin<&Waiter<'_>>) -> bool {
        waiter.sleep(Signals::None, 2) == 2
    }

    #[test]
    fn a_target_is_a_point_and_a_stage() {
        assert!(progress(5, 3).reaches(submitted(5)));
        assert!(!progress(5, 3).reaches(submitted(6)));
        assert!(progress(5, 3).reaches(signalled(3)));
        assert!(!progress(5, 3).reaches(signalled(4)));
        assert!(progress(0, 0).reaches(signalled(0)));
    }

    #[test]
    fn a_task_is_woken_for_its_targets_only() -> Result {
        stack_pin_init!(let state = WaitQueue::new());
        stack_pin_init!(let first = PointQueue::new());
        stack_pin_init!(let second = PointQueue::new());
        let (first, second) = (&*first.as_ref().get_ref(), &*second.as_ref().get_ref());
        state.with_waiter(|waiter| {
            let targets = [(first, signalled(7)), (second, submitted(3))];
            waiter.with_targets(targets.into_iter(), || {
                first.wake(progress(9, 6));
                second.wake(progress(2, 2));
                assert!(!is_woken(waiter));
                first.wake(progress(9, 7));
                assert!(is_woken(waiter));
                second.wake(progress(3, 0));
                assert!(is_woken(waiter));
                state.wake_all();
                assert!(is_woken(waiter));
            })
        })?;
        assert!(!first.queue().has_sleepers());
        assert!(!second.queue().has_sleepers());
        Ok(())
    }

    #[test]
    fn a_task_may_wait_twice_in_a_queue() -> Result {
        stack_pin_init!(let state = WaitQueue::new());
        stack_pin_init!(let queue = PointQueue::new());
        let queue = &*queue.as_ref().get_ref();
        state.with_waiter(|waiter| {
            let targets = [(queue, signalled(7)), (queue, signalled(9))];
            waiter.with_targets(targets.into_iter(), || {
                queue.wake(progress(8, 8));
                assert!(is_woken(waiter));
                assert!(!is_woken(waiter));
            })
        })
    }
}
