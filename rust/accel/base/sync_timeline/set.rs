// SPDX-License-Identifier: GPL-2.0

//! The timelines of an open file, and those that a call waits for.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
};

use super::SyncTimeline;
use crate::{
    base::{
        gate,
        numbers::Numbers,
        wait::{
            points::{
                Stage,
                Target, //
            },
            Deadline,
            Signals,
            Sleepers, //
        }, //
    },
    sys::uapi::{
        accel_timeline_point,
        ACCEL_TIMELINE_MAX, //
    }, //
};

/// The handles of timelines have this bit set, which those of buffers and of drivers' own things
/// do not have by itself.
const FIRST: u32 = 1 << 30;

struct Slots {
    numbers: Numbers,
    timelines: KVec<Option<Arc<SyncTimeline>>>,
    count: u32,
}

impl Slots {
    /// Returns what `handle` stands for.
    #[inline]
    fn get(&self, handle: u32) -> Option<&Arc<SyncTimeline>> {
        self.timelines.get((handle ^ FIRST) as usize)?.as_ref()
    }
}

/// The timelines of an open file, by their handles.
#[pin_data]
pub(crate) struct Table {
    #[pin]
    slots: Mutex<Slots>,
}

impl Table {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            slots <- new_mutex!(Slots {
                numbers: Numbers::below(ACCEL_TIMELINE_MAX as usize),
                timelines: KVec::new(),
                count: 0,
            }),
        })
    }

    /// Adds a timeline, and returns its handle. Returns `ENOMEM` if there is no room for more.
    pub(crate) fn insert(&self, timeline: Arc<SyncTimeline>) -> Result<u32> {
        let mut slots = self.slots.lock();
        let number = slots.numbers.take().map_err(|_| ENOMEM)?;
        if number == slots.timelines.len() {
            let pushed = slots.timelines.push(None, GFP_KERNEL_ACCOUNT);
            pushed.inspect_err(|_| slots.numbers.release(number))?;
        }
        slots.timelines[number] = Some(timeline);
        slots.count += 1;
        // CAST: Below `ACCEL_TIMELINE_MAX`.
        Ok(FIRST | number as u32)
    }

    /// Returns how many handles there are.
    pub(crate) fn count(&self) -> u32 {
        self.slots.lock().count
    }

    /// Returns what `handle` stands for, or `ENOENT`.
    pub(crate) fn get(&self, handle: u32) -> Result<Arc<SyncTimeline>> {
        self.slots.lock().get(handle).cloned().ok_or(ENOENT)
    }

    /// Gives up `handle`, and returns what it stood for, or `ENOENT`.
    pub(crate) fn remove(&self, handle: u32) -> Result<Arc<SyncTimeline>> {
        let mut slots = self.slots.lock();
        let number = (handle ^ FIRST) as usize;
        let slot = slots.timelines.get_mut(number).ok_or(ENOENT)?;
        let timeline = slot.take().ok_or(ENOENT)?;
        slots.numbers.release(number);
        slots.count -= 1;
        Ok(timeline)
    }

    /// Adds what is meant by `points` to `set`. Returns `ENOENT` if there is no timeline of one of
    /// the handles, and `EINVAL` if a reserved member is not zero.
    pub(crate) fn add_to(&self, set: &mut WaitSet, points: &[accel_timeline_point]) -> Result {
        let slots = self.slots.lock();
        for point in points {
            if point.reserved != 0 {
                return Err(EINVAL);
            }
            let timeline = slots.get(point.handle).ok_or(ENOENT)?;
            let waited = WaitedPoint {
                timeline: timeline.clone(),
                point: point.point,
            };
            set.points.push(waited, GFP_KERNEL)?;
        }
        Ok(())
    }
}

struct WaitedPoint {
    timeline: Arc<SyncTimeline>,
    point: u64,
}

/// Points that a call waits for.
pub(crate) struct WaitSet {
    points: KVec<WaitedPoint>,
    stage: Stage,
    all: bool,
}

impl WaitSet {
    /// Makes an empty set with room for `count` points. It is waited for that `all` of them come as
    /// far as `stage`, or any.
    pub(crate) fn with_capacity(count: usize, stage: Stage, all: bool) -> Result<Self> {
        Ok(Self {
            points: KVec::with_capacity(count, GFP_KERNEL)?,
            stage,
            all,
        })
    }

    /// Returns the index of the first point that is reached, or zero if all of them have to be and
    /// are; `None` if there is something left to wait for.
    fn reached(&self) -> Option<u32> {
        let is_reached = |waited: &WaitedPoint| {
            waited.timeline.reaches(Target {
                point: waited.point,
                stage: self.stage,
            })
        };
        if self.all {
            return self.points.iter().all(is_reached).then_some(0);
        }
        // CAST: At most `ACCEL_TIMELINE_MAX_WAIT`.
        self.points.iter().position(is_reached).map(|i| i as u32)
    }

    /// Sleeps until what is waited for has happened, a signal arrives, or the deadline has passed;
    /// or until `check` fails, which is called when the state of the device changes that `sleepers`
    /// are of. Returns the index of the first point that is reached, zero if all of them have to
    /// be; `EINTR`, `ETIMEDOUT` or `ENOMEM`; or what `check` returns.
    ///
    /// Waits for user space, so the caller must have no lock, and not be inside a gate.
    pub(crate) fn wait(
        &self,
        deadline: Deadline,
        sleepers: &Sleepers,
        check: impl Fn() -> Result,
    ) -> Result<u32> {
        gate::assert_none_held();
        if let Some(index) = self.reached() {
            return Ok(index);
        }
        for waited in &self.points {
            waited.timeline.refresh();
        }
        match self.reached() {
            Some(index) => return Ok(index),
            None if deadline.left() == 0 => return Err(ETIMEDOUT),
            None => (),
        }
        self.sleep(deadline, sleepers, check)
    }

    fn sleep(
        &self,
        deadline: Deadline,
        sleepers: &Sleepers,
        check: impl Fn() -> Result,
    ) -> Result<u32> {
        let targets = self.points.iter().map(|waited| {
            let target = Target {
                point: waited.point,
                stage: self.stage,
            };
            (waited.timeline.queue(), target)
        });
        sleepers.with_waiter(|waiter| {
            waiter.with_targets(targets, || loop {
                if let Some(index) = self.reached() {
                    return Ok(index);
                }
                check()?;
                // By the clock: who is woken all the time hardly sleeps.
                let left = deadline.left();
                if left == 0 {
                    return Err(ETIMEDOUT);
                }
                if Signals::All.pending() {
                    return Err(EINTR);
                }
                waiter.sleep(Signals::All, left);
            })?
        })
    }
}
