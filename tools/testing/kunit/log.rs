// SPDX-License-Identifier: GPL-2.0

//! What happens to a device, and in which order.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// What happens to a device, in the order in which it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Event {
    /// The driver is to stop the hardware, before a fence is signalled.
    Stop = 1,
    /// The driver is to do so after that.
    StopTooLate,
    /// Somebody inside sees that the fence is signalled.
    Lost,
    /// The hook of a reset is called.
    Hook,
    /// `background` is called.
    Background,
    /// The hardware is started.
    Start,
    /// What the hardware has of a file is taken out of it.
    Close,
    /// The data of a buffer is dropped.
    Buffer,
    /// The state of a file is dropped.
    File,
    /// The data of the device is dropped.
    Data,
}

/// What has happened since the last test.
pub(crate) struct Log {
    events: [Atomic<u32>; 16],
    count: Atomic<u32>,
}

impl Log {
    pub(crate) const fn new() -> Self {
        Self {
            events: [const { Atomic::new(0) }; 16],
            count: Atomic::new(0),
        }
    }

    pub(crate) fn add(&self, event: Event) {
        let n = self.count.fetch_add(1, Relaxed);
        if let Some(place) = self.events.get(n as usize) {
            place.store(event as u32, Relaxed);
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.count.store(0, Relaxed);
        self.events.iter().for_each(|event| event.store(0, Relaxed));
    }

    /// Returns whether this is what has happened, but for `background` if nobody expects it.
    pub(crate) fn is(&self, expected: &[Event]) -> bool {
        let background = Event::Background as u32;
        let ignores = !expected.contains(&Event::Background);
        let events = self.events.iter().map(|event| event.load(Relaxed));
        let happened = events.filter(|event| !(ignores && *event == background));
        let expected = expected.iter().map(|event| *event as u32);
        let same = Iterator::eq(
            happened.clone().take_while(|event| *event != 0),
            expected.clone(),
        );
        if !same {
            happened.for_each(|event| pr_err!("happened: {event}\n"));
        }
        same
    }

    /// Counts an event.
    pub(crate) fn count(&self, event: Event) -> usize {
        let same = |place: &&Atomic<u32>| place.load(Relaxed) == event as u32;
        self.events.iter().filter(same).count()
    }
}
