// SPDX-License-Identifier: GPL-2.0

//! What an open file has of the events of its device, and those who wait for it.

use kernel::{
    new_mutex,
    new_work,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex,
        SpinLockIrq, //
    },
    workqueue::Work, //
};

use super::{
    log::Reader,
    EventState, //
};
use crate::{
    base::{
        eventfd::EventFd,
        wait::WaitQueue, //
    },
    sys::uapi::flags::EventClasses, //
};

struct State {
    /// How far the file has read; `None` if it has never subscribed.
    reader: Option<Reader>,
    /// What to signal.
    eventfd: Option<EventFd>,
}

/// The events of an open file, and those who wait for them, or for the driver.
#[pin_data]
pub(crate) struct FileEvents {
    #[pin]
    state: Mutex<State>,
    /// What the file has subscribed to: [`EventClasses`].
    classes: Atomic<u32>,
    /// Pollers of the file and readers. Never walked in an interrupt.
    #[pin]
    pub(crate) wait: WaitQueue,
    /// Wakes those.
    #[pin]
    pub(crate) work: Work<FileEvents>,
}

impl FileEvents {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_mutex!(State {
                reader: None,
                eventfd: None,
            }),
            classes: Atomic::new(0),
            wait <- WaitQueue::new(),
            work <- new_work!("accel_pollers"),
        })
    }

    /// Follows `classes` of what `events` has, and sets what to signal.
    pub(super) fn follow(
        &self,
        events: &SpinLockIrq<EventState>,
        classes: EventClasses,
        eventfd: Option<EventFd>,
    ) {
        let mut state = self.state.lock();
        state
            .reader
            .get_or_insert(Reader::new())
            .follow(&events.lock().log, classes);
        self.classes.store(classes.into(), Relaxed);
        let replaced = core::mem::replace(&mut state.eventfd, eventfd);
        drop(state);
        drop(replaced);
    }

    /// Wakes those who wait, if something has happened that concerns them: of `classes`, or the
    /// end.
    pub(super) fn notify(&self, classes: EventClasses, is_end: bool) {
        if self.classes.load(Relaxed) & u32::from(classes) == 0 && !is_end {
            return;
        }
        if let Some(eventfd) = &self.state.lock().eventfd {
            eventfd.signal();
        }
        // The event is in the log, so whoever queues from now on finds it there.
        if self.wait.has_sleepers() {
            self.wait.wake_all();
        }
    }

    /// Returns whether the file has subscribed to anything.
    pub(super) fn is_subscribed(&self) -> bool {
        self.classes.load(Relaxed) != 0
    }

    /// Has the file have read what is up to `after`, if it has read up to `before` now. Returns
    /// false if it has not: somebody else has read, too, or has changed what it gets. Returns
    /// `EINVAL` if it has never subscribed.
    pub(super) fn advance(&self, before: &Reader, after: Reader) -> Result<bool> {
        self.with_reader(|reader| {
            let is_same = reader == before;
            if is_same {
                *reader = after;
            }
            is_same
        })
    }

    /// Calls `f` with what the file has read so far. Returns `EINVAL` if it has never subscribed.
    pub(super) fn with_reader<V>(&self, f: impl FnOnce(&mut Reader) -> V) -> Result<V> {
        let mut state = self.state.lock();
        state.reader.as_mut().map(f).ok_or(EINVAL)
    }
}
