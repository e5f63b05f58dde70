// SPDX-License-Identifier: GPL-2.0

//! Work that must be done in time.
//!
//! A device has room for the deadlines of the work that it is busy with, and one timer, for the
//! next of them. Work that is done in time, as nearly all is, costs a store into its slot and
//! another one when it ends; the timer is only touched if there is none yet, or a later one. When
//! it expires it looks through the slots, resets the device if one is overdue, and goes on with the
//! next.

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    time::Msecs, //
};

use super::{
    health::Fault,
    task::task,
    timer::{
        self,
        Timer, //
    }, //
};
use crate::{
    base::fence::Signalling,
    device::Core,
    sys::ffi, //
};

/// How many pieces of work can be watched at a time.
const SLOTS: usize = 128;

/// A slot that nobody has.
const FREE: u64 = 0;

/// A slot of work that is not waited for any more: later than any deadline.
const OVERDUE: u64 = u64::MAX;

/// The deadlines of the work that a device is busy with.
pub(crate) struct Deadlines {
    /// `FREE`, `OVERDUE`, or a time of CLOCK_MONOTONIC in nanoseconds.
    slots: [Atomic<u64>; SLOTS],
    /// Where a free slot is likely.
    hint: Atomic<u32>,
}

/// What there is to do when a timer has expired.
#[derive(Debug, PartialEq, Eq)]
struct Due {
    /// How many deadlines have passed since the last time.
    overdue: u64,
    /// The next one.
    next_ns: Option<u64>,
}

impl Deadlines {
    pub(crate) fn new() -> Self {
        Self {
            slots: [const { Atomic::new(FREE) }; SLOTS],
            hint: Atomic::new(0),
        }
    }

    /// Takes a slot. Returns `None` if there is no free one.
    fn take(&self, deadline_ns: u64) -> Option<usize> {
        // CAST: Only a place to begin at.
        let first = self.hint.fetch_add(1, Relaxed) as usize;
        (first..first + SLOTS)
            .map(|i| i % SLOTS)
            .find(|&i| self.slots[i].cmpxchg(FREE, deadline_ns, Relaxed).is_ok())
    }

    fn release(&self, slot: usize) {
        self.slots[slot].store(FREE, Relaxed);
    }

    /// Takes the deadlines that have passed. Each is only found once.
    fn take_expired(&self, now_ns: u64) -> Due {
        let mut due = Due {
            overdue: 0,
            next_ns: None,
        };
        for slot in &self.slots {
            match slot.load(Relaxed) {
                FREE | OVERDUE => (),
                deadline_ns if deadline_ns > now_ns => {
                    let next_ns = due.next_ns.unwrap_or(deadline_ns);
                    due.next_ns = Some(next_ns.min(deadline_ns));
                }
                // If this fails, the work has just ended.
                deadline_ns => {
                    let marked = slot.cmpxchg(deadline_ns, OVERDUE, Relaxed);
                    due.overdue += u64::from(marked.is_ok());
                }
            }
        }
        due
    }

    /// Gives up waiting for any of the work that there is.
    fn forget(&self) {
        self.take_expired(OVERDUE - 1);
    }
}

/// The deadline of a piece of work, until this is dropped. May be dropped in any context.
pub(crate) struct Watch {
    deadlines: Arc<Deadlines>,
    slot: usize,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.deadlines.release(self.slot);
    }
}

/// Returns the initialiser of the timer of a device.
pub(super) fn timer() -> impl PinInit<Timer> {
    Timer::new(task!(health.watchdog.task, expire))
}

/// Asks for a reset if work is overdue, and sets the timer for the next.
fn expire(core: &Core) {
    let _signalling = Signalling::begin();
    let health = &core.health;
    // Held until what is overdue was told, so that a reset forgets all of it or nothing.
    let mut expires_ns = health.watchdog.expires_ns.lock();
    *expires_ns = None;
    let due = health.deadlines.take_expired(ffi::monotonic_ns());
    if due.overdue > 0 {
        core.request_reset(Fault::timeout(due.overdue));
    }
    drop(expires_ns);
    if let Some(next_ns) = due.next_ns {
        health.watchdog.set(next_ns);
    }
}

impl Core {
    /// Forgets what has asked for a reset until now: faults, and work that is late. Called just
    /// before the driver's hook mends all of it.
    pub(crate) fn forget_faults(&self) {
        let _expires_ns = self.health.watchdog.expires_ns.lock();
        self.health.deadlines.forget();
        self.health.reset_requested.store(false, Relaxed);
    }
}

impl Core {
    /// See [`Device::begin_work_within`](crate::Device::begin_work_within).
    pub(crate) fn watch(&self, timeout_ms: Msecs) -> Result<Watch> {
        let deadline_ns = timer::after(timeout_ms);
        let slot = self.health.deadlines.take(deadline_ns).ok_or(EBUSY)?;
        self.health.watchdog.set(deadline_ns);
        Ok(Watch {
            deadlines: self.health.deadlines.clone(),
            slot,
        })
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_watchdog)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_found_once() {
        let deadlines = Deadlines::new();
        deadlines.take(20);
        deadlines.take(10);
        deadlines.take(30);
        assert_eq!(deadlines.take_expired(9), due(0, Some(10)));
        assert_eq!(deadlines.take_expired(20), due(2, Some(30)));
        assert_eq!(deadlines.take_expired(20), due(0, Some(30)));
        assert_eq!(deadlines.take_expired(30), due(1, None));
        assert_eq!(deadlines.take_expired(40), due(0, None));
    }

    #[test]
    fn what_has_ended_is_not_overdue() -> Result {
        let deadlines = Deadlines::new();
        let slot = deadlines.take(10).ok_or(EBUSY)?;
        deadlines.release(slot);
        assert_eq!(deadlines.take_expired(10), due(0, None));
        Ok(())
    }

    #[test]
    fn as_many_as_there_are_slots() -> Result {
        let deadlines = Deadlines::new();
        for _ in 1..SLOTS {
            deadlines.take(10);
        }
        let last = deadlines.take(10).ok_or(EBUSY)?;
        assert_eq!(deadlines.take(10), None);
        deadlines.release(last);
        assert_eq!(deadlines.take(10), Some(last));
        Ok(())
    }

    #[test]
    fn what_is_forgotten_has_its_slot_until_it_ends() -> Result {
        let deadlines = Deadlines::new();
        let slot = deadlines.take(10).ok_or(EBUSY)?;
        deadlines.forget();
        assert_eq!(deadlines.take_expired(10), due(0, None));
        assert_eq!(deadlines.slots[slot].load(Relaxed), OVERDUE);
        Ok(())
    }

    fn due(overdue: u64, next_ns: Option<u64>) -> Due {
        Due { overdue, next_ns }
    }
}
