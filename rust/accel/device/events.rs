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

mod eventfd;
mod inbox;
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

pub(crate) use self::inbox::Inbox;

use self::{
    eventfd::EventFd,
    log::{
        Log,
        LogMemory, //
    },
    subscribers::{
        Subscribers,
        Vacancy, //
    }, //
};
use super::{
    call::Call,
    file::OpenFile, //
};
use crate::{
    base::wait::Signals,
    device::Core,
    sys::{
        ffi,
        uapi::*, //
    }, //
};

/// How many records are taken out at a time.
const BATCH: usize = 8;

/// What there is to tell.
struct News {
    log: Log,
    /// Classes with events that subscribers have not been told of, and [`END`].
    untold: u32,
    /// There are no events any more.
    ended: bool,
}

/// Not a class: there are no events any more.
const END: u32 = 1 << 31;

/// The events of a device.
#[pin_data]
pub(crate) struct Events {
    #[pin]
    news: SpinLockIrq<News>,
    /// How many have subscribed; only changed while `subscribers` is locked.
    count: Atomic<u32>,
    #[pin]
    subscribers: Mutex<Subscribers>,
    /// Held by whoever tells subscribers.
    #[pin]
    turn: Mutex<()>,
}

impl Events {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            news <- new_spinlock_irq!(News {
                log: Log::new(),
                untold: 0,
                ended: false,
            }),
            count: Atomic::new(0),
            subscribers <- new_mutex!(Subscribers::new()),
            turn <- new_mutex!(()),
        })
    }

    /// Adds an event. Returns whether [`Self::deliver`] must be called. May be called in any
    /// context.
    #[inline(never)]
    fn add(&self, class: u32, kind: u32, data: [u64; 3], end: u32) -> bool {
        let mut news = self.news.lock();
        if news.ended {
            return false;
        }
        news.log.push(class, kind, ffi::monotonic_ns(), data);
        news.untold |= class | end;
        // Readers who see it find all events that there will ever be.
        news.ended = end != 0;
        true
    }

    /// Tells subscribers what they have not been told: wakes those who wait, and signals their
    /// eventfds. May sleep.
    pub(crate) fn deliver(&self) {
        let _turn = self.turn.lock();
        let untold = core::mem::take(&mut self.news.lock().untold);
        if untold == 0 {
            return;
        }
        // They are not kept locked, as there may be many to wake.
        let mut last = None;
        loop {
            let some = self.subscribers.lock().after(last);
            let Some(next) = some.last else {
                break;
            };
            last = Some(next);
            for inbox in some.inboxes.iter().flatten() {
                inbox.tell(untold & !END, untold & END != 0);
            }
        }
    }

    /// Has a file get what belongs to `classes`, which are not none, from now on. Returns `ENODEV`
    /// if there will be no events any more, nor anybody to signal the eventfd; `ENOMEM` if too many
    /// have subscribed.
    fn subscribe(&self, file: &OpenFile, classes: u32, eventfd: Option<EventFd>) -> Result {
        // All that needs memory comes first.
        let has_memory = self.news.lock().log.has_memory();
        let memory = match has_memory {
            true => None,
            false => Some(LogMemory::new()?),
        };
        let vacancy = Vacancy::new()?;

        let mut subscribers = self.subscribers.lock();
        let mut news = self.news.lock();
        if news.ended {
            return Err(ENODEV);
        }
        let unused = memory.and_then(|memory| news.log.provide(memory));
        drop(news);
        drop(unused);

        let left = subscribers.add(file, vacancy)?;
        self.count.store(subscribers.count(), Relaxed);
        file.inbox.follow(&self.news, classes, eventfd);
        drop(subscribers);
        drop(left);
        Ok(())
    }

    /// Has a file get nothing any more. Cannot fail.
    pub(crate) fn unsubscribe(&self, file: &OpenFile) {
        if !file.inbox.is_subscribed() {
            return;
        }
        let mut subscribers = self.subscribers.lock();
        let removed = subscribers.remove(file);
        self.count.store(subscribers.count(), Relaxed);
        file.inbox.follow(&self.news, 0, None);
        drop(subscribers);
        drop(removed);
    }

    /// Returns whether there is something to read for a file.
    pub(crate) fn has_news(&self, inbox: &Inbox) -> bool {
        let has_news = inbox.with_reader(|reader| self.news.lock().log.has_news(reader));
        has_news.unwrap_or(false)
    }

    /// Moves records to user space, and waits for the first, unless `nonblock`. For the errors, see
    /// `include/uapi/accel/accel.h`.
    pub(crate) fn read(
        &self,
        inbox: &Inbox,
        to: UserPtr,
        len: usize,
        nonblock: bool,
    ) -> Result<usize> {
        inbox.wait.with_waiter(|waiter| loop {
            let ended = self.news.lock().ended;
            match self.read_now(inbox, to, len) {
                Ok(0) if ended => return Err(ENODEV),
                Ok(0) if nonblock => return Err(EAGAIN),
                Ok(0) if Signals::All.pending() => return Err(EINTR),
                Ok(0) => waiter.sleep_long(Signals::All),
                Err(EINVAL) if ended && !self.has_news(inbox) => return Err(ENODEV),
                result => return result,
            }
        })
    }

    /// Moves as many records as there are, and have room, to user space. Returns their bytes, or
    /// `EINVAL` if there is not even room for one, or the file has never subscribed.
    fn read_now(&self, inbox: &Inbox, to: UserPtr, len: usize) -> Result<usize> {
        let room = len / size_of::<accel_event>();
        if room == 0 {
            return Err(EINVAL);
        }
        let mut read = 0;
        while read < room {
            let mut batch = [accel_event::default(); BATCH];
            let wanted = BATCH.min(room - read);
            let batch = &mut batch[..wanted];
            let count = inbox.with_reader(|reader| self.news.lock().log.take(reader, batch))?;
            let to = to.wrapping_byte_add(read * size_of::<accel_event>());
            ffi::copy_to_user(to, batch[..count].as_bytes())?;
            read += count;
            if count < wanted {
                break;
            }
        }
        Ok(read * size_of::<accel_event>())
    }
}

/// Handles `ACCEL_IOC_EVENTS`. Accepts any call.
pub(crate) fn ioctl(call: Call<'_>, args: &mut [u8]) -> Result {
    let args = accel_events::mut_from_bytes(args).map_err(|_| EINVAL)?;
    let file = call.file.ok_or(EINVAL)?;
    if args.classes & !ACCEL_EVENT_CLASS_ALL != 0 || args.flags != 0 {
        return Err(EINVAL);
    }
    if args.classes == 0 {
        if args.eventfd != -1 {
            return Err(EINVAL);
        }
        call.core.events.unsubscribe(file);
        return Ok(());
    }
    let eventfd = EventFd::get(args.eventfd)?;
    call.core.events.subscribe(file, args.classes, eventfd)
}

impl Core {
    /// Sends an event to those who have subscribed to its class. May be called in any context.
    #[inline]
    pub(crate) fn send_event(&self, class: u32, kind: u32, data: [u64; 3]) {
        // Whoever subscribes at the same time may miss it.
        if self.events.count.load(Relaxed) != 0 && self.events.add(class, kind, data, 0) {
            self.notify();
        }
    }

    /// Sends the last event, a change of the state. [`Self::wake_pollers`] must follow, which tells
    /// all subscribers.
    pub(crate) fn end_events(&self, data: [u64; 3]) {
        self.events
            .add(ACCEL_EVENT_CLASS_STATE, ACCEL_EVENT_STATE, data, END);
    }
}
