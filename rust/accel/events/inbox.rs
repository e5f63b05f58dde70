// SPDX-License-Identifier: GPL-2.0

//! What an open file keeps of the events that it has subscribed to.

use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::SpinLockIrq, //
};

use super::{
    eventfd::EventFd,
    queue::Queue, //
};
use crate::{
    ffi,
    uapi::accel_event,
    wait::WaitQueue, //
};

/// How many events can wait in an inbox; `include/uapi/accel/accel.h` promises 64.
const CAPACITY: usize = 64;

/// How many are taken out at a time.
const BATCH: usize = 8;

struct State {
    /// What there is to read; `None` if the file has never subscribed.
    queue: Option<Queue>,
    /// What to signal.
    eventfd: Option<EventFd>,
}

/// The events of an open file, and those who wait for them.
#[pin_data]
pub(crate) struct Inbox {
    #[pin]
    state: SpinLockIrq<State>,
    /// Pollers of the file and readers.
    #[pin]
    pub(crate) wait: WaitQueue,
}

impl Inbox {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_spinlock_irq!(State {
                queue: None,
                eventfd: None,
            }),
            wait <- WaitQueue::new(),
        })
    }

    /// Makes room for events, and sets what to signal. Has no effect if it fails.
    pub(super) fn open(&self, eventfd: Option<EventFd>) -> Result {
        let mut queue = None;
        if self.state.lock().queue.is_none() {
            queue = Some(Queue::new(CAPACITY)?);
        }
        let mut state = self.state.lock();
        let replaced = core::mem::replace(&mut state.eventfd, eventfd);
        if let Some(queue) = queue {
            state.queue = Some(queue);
        }
        drop(state);
        drop(replaced);
        Ok(())
    }

    /// Ceases to signal. What there is can still be read.
    pub(super) fn close(&self) {
        let eventfd = self.state.lock().eventfd.take();
        drop(eventfd);
    }

    /// Adds an event. May be called in any context.
    pub(super) fn put(&self, event: &accel_event) {
        let mut state = self.state.lock();
        if let Some(queue) = &mut state.queue {
            queue.push(event);
        }
        if let Some(eventfd) = &state.eventfd {
            eventfd.signal();
        }
        // Who waits looks at the queue with the same lock.
        self.wait.wake_all_locked();
    }

    /// Wakes those who wait. May be called in any context.
    pub(super) fn signal(&self) {
        let state = self.state.lock();
        if let Some(eventfd) = &state.eventfd {
            eventfd.signal();
        }
        self.wait.wake_all();
    }

    /// Returns whether there is something to read.
    pub(crate) fn has_events(&self) -> bool {
        let state = self.state.lock();
        state.queue.as_ref().is_some_and(|queue| !queue.is_empty())
    }

    /// Moves as many records as there are, and have room, to user space. Returns their bytes, or
    /// `EINVAL` if there is not even room for one, or the file has never subscribed.
    pub(super) fn read(&self, to: UserPtr, len: usize) -> Result<usize> {
        let room = len / size_of::<accel_event>();
        if room == 0 {
            return Err(EINVAL);
        }
        let mut read = 0;
        while read < room {
            let mut batch = [accel_event::default(); BATCH];
            let wanted = BATCH.min(room - read);
            let count = self.take(&mut batch[..wanted])?;
            let to = to.wrapping_byte_add(read * size_of::<accel_event>());
            ffi::copy_to_user(to, batch[..count].as_bytes())?;
            read += count;
            if count < wanted {
                break;
            }
        }
        Ok(read * size_of::<accel_event>())
    }

    /// Takes records out, and returns how many.
    fn take(&self, batch: &mut [accel_event]) -> Result<usize> {
        let mut state = self.state.lock();
        let queue = state.queue.as_mut().ok_or(EINVAL)?;
        let mut count = 0;
        while let Some(place) = batch.get_mut(count) {
            match queue.pop() {
                Some(event) => *place = event,
                None => break,
            }
            count += 1;
        }
        Ok(count)
    }
}
