// SPDX-License-Identifier: GPL-2.0

//! Events: what happens to a device, for those who want to know at once.
//!
//! The device keeps its last events, in a [`Log`], once somebody has subscribed; each open file
//! knows how far it has read. To send an event is to add it to the log and to queue a work item, so
//! it can be done anywhere, at a cost that does not depend on who has subscribed; if nobody has, it
//! is a load. The item wakes those who wait and signals eventfds. The log is bounded: what a file
//! has missed is counted, and the count can be read.
//!
//! Nothing here belongs to the driver. So events can be read when the device is gone, until there
//! are none left, and reading does not pass the gate.

mod file_events;
mod log;
mod subscribers;

use kernel::{
    new_mutex, new_spinlock_irq,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Mutex,
        SpinLockIrq, //
    },
};

pub(crate) use self::file_events::FileEvents;

use self::{
    log::{
        Log,
        LogMemory,
        Reader, //
    },
    subscribers::{
        NodeReservation,
        Subscribers, //
    }, //
};
use super::{
    call::Call,
    file::OpenFile, //
};
use crate::{
    base::{
        eventfd::EventFd,
        wait::Signals, //
    },
    device::Core,
    sys::{
        ffi,
        uapi::{
            flags::{
                EventClass,
                EventClasses, //
            },
            *, //
        }, //
    }, //
};

/// How many records are copied to user space at a time.
const BATCH: usize = 8;

/// The events that there are, and those that are still to be delivered.
struct EventState {
    log: Log,
    /// Classes with events that subscribers have not been told of.
    undelivered: EventClasses,
    end: End,
}

/// Whether there are no events any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// There are.
    Open,
    /// There are none, of which subscribers have not been told.
    Undelivered,
    /// There are none.
    Delivered,
}

impl EventState {
    /// Adds an event, unless there are none any more. Returns whether it did.
    fn add(&mut self, class: EventClass, kind: u32, data: [u64; 3]) -> bool {
        if self.has_ended() {
            return false;
        }
        self.log.push(class, kind, ffi::monotonic_ns(), data);
        self.undelivered |= class;
        true
    }

    /// Returns whether there are no events any more. Who sees it finds all that there will ever be.
    fn has_ended(&self) -> bool {
        self.end != End::Open
    }
}

/// The events of a device.
#[pin_data]
pub(crate) struct Events {
    #[pin]
    state: SpinLockIrq<EventState>,
    /// How many have subscribed; only changed while `subscribers` is locked.
    count: Atomic<u32>,
    #[pin]
    subscribers: Mutex<Subscribers>,
    /// Held by whoever delivers events to subscribers.
    #[pin]
    delivering: Mutex<()>,
}

impl Events {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            state <- new_spinlock_irq!(EventState {
                log: Log::new(),
                undelivered: EventClasses::empty(),
                end: End::Open,
            }),
            count: Atomic::new(0),
            subscribers <- new_mutex!(Subscribers::new()),
            delivering <- new_mutex!(()),
        })
    }

    /// Adds an event. Returns whether [`Self::deliver`] must be called. May be called in any
    /// context.
    #[inline(never)]
    fn add(&self, class: EventClass, kind: u32, data: [u64; 3]) -> bool {
        self.state.lock().add(class, kind, data)
    }

    /// Adds the last event. [`Self::deliver`] must be called.
    fn end(&self, class: EventClass, kind: u32, data: [u64; 3]) {
        let mut state = self.state.lock();
        if state.add(class, kind, data) {
            state.end = End::Undelivered;
        }
    }

    /// Tells subscribers what they have not been told: wakes those who wait, and signals their
    /// eventfds. May sleep.
    pub(crate) fn deliver(&self) {
        let _delivering = self.delivering.lock();
        let mut state = self.state.lock();
        let classes = core::mem::replace(&mut state.undelivered, EventClasses::empty());
        let is_end = state.end == End::Undelivered;
        if is_end {
            state.end = End::Delivered;
        }
        drop(state);
        if classes == EventClasses::empty() {
            return;
        }
        // They are not kept locked, as there may be many to wake. Whoever subscribes meanwhile has
        // nothing to be told, and there must be an end to it.
        let newest = self.subscribers.lock().newest();
        let mut last = None;
        loop {
            let some = self.subscribers.lock().after(last, newest);
            let Some(next) = some.last else {
                break;
            };
            last = Some(next);
            for file_events in some.entries.iter().flatten() {
                file_events.notify(classes, is_end);
            }
        }
    }

    /// Has a file get what belongs to `classes`, which are not none, from now on. Returns `ENODEV`
    /// if there will be no events any more, nor anybody to signal the eventfd; `ENOMEM` if too many
    /// have subscribed.
    fn subscribe(
        &self,
        file: &OpenFile,
        classes: EventClasses,
        eventfd: Option<EventFd>,
    ) -> Result {
        // All that needs memory comes first.
        let has_memory = self.state.lock().log.has_memory();
        let memory = match has_memory {
            true => None,
            false => Some(LogMemory::new()?),
        };
        let node = NodeReservation::new()?;

        let mut subscribers = self.subscribers.lock();
        let mut state = self.state.lock();
        if state.has_ended() {
            return Err(ENODEV);
        }
        let unused = memory.and_then(|memory| state.log.provide(memory));
        drop(state);
        drop(unused);

        let left = subscribers.add(file, node)?;
        self.count.store(subscribers.count(), Relaxed);
        file.events.follow(&self.state, classes, eventfd);
        drop(subscribers);
        drop(left);
        Ok(())
    }

    /// Has a file get nothing any more. Cannot fail.
    pub(crate) fn unsubscribe(&self, file: &OpenFile) {
        if !file.events.is_subscribed() {
            return;
        }
        let mut subscribers = self.subscribers.lock();
        let removed = subscribers.remove(file);
        self.count.store(subscribers.count(), Relaxed);
        file.events.follow(&self.state, EventClasses::empty(), None);
        drop(subscribers);
        drop(removed);
    }

    /// Returns whether there is something to read for a file.
    pub(crate) fn has_unread(&self, file_events: &FileEvents) -> bool {
        let has_unread = file_events.with_reader(|reader| self.state.lock().log.has_unread(reader));
        has_unread.unwrap_or(false)
    }

    /// Moves records to user space, and waits for the first, unless `nonblock`. For the errors, see
    /// `include/uapi/accel/accel.h`.
    pub(crate) fn read(
        &self,
        file_events: &FileEvents,
        to: UserPtr,
        len: usize,
        nonblock: bool,
    ) -> Result<usize> {
        file_events.wait.with_waiter(|waiter| loop {
            let ended = self.state.lock().has_ended();
            match self.read_now(file_events, to, len) {
                Ok(0) if ended => return Err(ENODEV),
                Ok(0) if nonblock => return Err(EAGAIN),
                Ok(0) if Signals::All.pending() => return Err(EINTR),
                Ok(0) => waiter.sleep_long(Signals::All),
                Err(EINVAL) if ended && !self.has_unread(file_events) => return Err(ENODEV),
                result => return result,
            }
        })
    }

    /// Moves as many records as there are, and have room, to user space. Returns their bytes. What
    /// cannot be copied can still be read; returns `EFAULT` if that is the first record.
    ///
    /// Returns `EINVAL` if there is not even room for one, or the file has never subscribed.
    fn read_now(&self, file_events: &FileEvents, to: UserPtr, len: usize) -> Result<usize> {
        let mut room = len / size_of::<accel_event>();
        if room == 0 {
            return Err(EINVAL);
        }
        let mut is_fault = false;
        let mut read = 0;
        while read < room {
            let batch = self.next_batch(file_events, room - read)?;
            if batch.count == 0 {
                // Another reader has taken what could not be copied.
                is_fault = false;
                break;
            }
            let to = to.wrapping_byte_add(read * size_of::<accel_event>());
            let copied = batch.copy_to_user(to);
            if copied < batch.count {
                // Only these are taken, in another attempt.
                is_fault = true;
                room = read + copied;
            } else if file_events.advance(&batch.before, batch.after)? {
                read += copied;
                if copied < BATCH {
                    break;
                }
            }
        }
        if read == 0 && is_fault {
            return Err(EFAULT);
        }
        Ok(read * size_of::<accel_event>())
    }

    /// Returns the next records of a file, at most `room`, without having it read them: to copy
    /// them may take as long as user space pleases, so nothing is locked meanwhile.
    fn next_batch(&self, file_events: &FileEvents, room: usize) -> Result<Batch> {
        let mut records = [accel_event::default(); BATCH];
        let wanted = BATCH.min(room);
        file_events.with_reader(|reader| {
            let mut after = *reader;
            let log = &self.state.lock().log;
            let count = log.take(&mut after, &mut records[..wanted]);
            Batch {
                records,
                count,
                before: *reader,
                after,
            }
        })
    }
}

/// Some records that a file can read.
struct Batch {
    records: [accel_event; BATCH],
    count: usize,
    /// How far the file had read.
    before: Reader,
    /// How far it has read with these.
    after: Reader,
}

impl Batch {
    /// Copies the records to user space, and returns how many of them.
    fn copy_to_user(&self, to: UserPtr) -> usize {
        let left = ffi::copy_some_to_user(to, self.records[..self.count].as_bytes());
        self.count - left.div_ceil(size_of::<accel_event>())
    }
}

/// Handles `ACCEL_IOC_EVENTS`.
pub(crate) fn ioctl(call: Call<'_>, args: &mut accel_events) -> Result {
    let file = call.file.ok_or(EINVAL)?;
    let classes = EventClasses::try_from(args.classes)?;
    if args.flags != 0 {
        return Err(EINVAL);
    }
    if classes == EventClasses::empty() {
        if args.eventfd != -1 {
            return Err(EINVAL);
        }
        call.core.events.unsubscribe(file);
        return Ok(());
    }
    let eventfd = match args.eventfd {
        -1 => None,
        fd => Some(EventFd::get(fd)?),
    };
    call.core.events.subscribe(file, classes, eventfd)
}

impl Core {
    /// Sends an event to those who have subscribed to its class. May be called in any context.
    #[inline]
    pub(crate) fn send_event(&self, class: EventClass, kind: u32, data: [u64; 3]) {
        // Whoever subscribes at the same time may miss it.
        if self.events.count.load(Relaxed) != 0 && self.events.add(class, kind, data) {
            self.notify();
        }
    }

    /// Sends the last event, a change of the state. [`Self::wake_pollers`] must follow, which tells
    /// all subscribers.
    pub(crate) fn end_events(&self, data: [u64; 3]) {
        self.events.end(EventClass::State, ACCEL_EVENT_STATE, data);
    }
}
