// SPDX-License-Identifier: GPL-2.0

//! Events: what happens to a device, for those who want to know at once.
//!
//! Each open file has an [`Inbox`], which is empty and costs nothing until its owner subscribes.
//! The device has the list of those who have. To send an event is to walk the list with interrupts
//! disabled and to put a record into each inbox, so it can be done anywhere; if the list is empty,
//! it is a load. An inbox is bounded: what does not fit is counted, and the count can be read.
//!
//! Nothing here belongs to the driver. So an inbox can be read when the device is gone, until it is
//! empty, and reading does not pass the gate.

mod eventfd;
mod inbox;
mod queue;

use kernel::{
    new_mutex, new_spinlock_irq,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            AtomicFlag,
            Relaxed,
            Release, //
        },
        Arc,
        Mutex,
        SpinLockIrq, //
    },
};
use pin_init::stack_pin_init;

use self::eventfd::EventFd;
pub(crate) use self::inbox::Inbox;

use crate::{
    context::Call,
    device::{
        Core,
        Device, //
    },
    driver::AccelDriver,
    ffi,
    uapi::*,
    wait::Signals, //
};

/// The kind of an event of a driver's own: a number from `ACCEL_EVENT_DRIVER_BASE` on, 0x8000.
///
/// The driver's C header says what it and its data mean. A number that comes from elsewhere, such
/// as from firmware, is tried with [`TryFrom`].
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, EventKind};
///
/// /// `MY_EVENT_OVERHEATED` of `my_npu.h`. The first number is the temperature.
/// const OVERHEATED: EventKind = EventKind::new::<0x8000>();
///
/// fn overheated<T: AccelDriver>(dev: &Device<T>, temperature_mc: u32) {
///     dev.send_event(OVERHEATED, [temperature_mc.into(), 0, 0]);
/// }
/// ```
#[derive(Clone, Copy)]
pub struct EventKind(u32);

impl EventKind {
    /// Returns the kind of this number. One that is not a driver's does not compile.
    pub const fn new<const KIND: u32>() -> Self {
        const {
            assert!(
                KIND >= ACCEL_EVENT_DRIVER_BASE,
                "the kinds of a driver's events are from 0x8000 on"
            );
        }
        Self(KIND)
    }
}

impl TryFrom<u32> for EventKind {
    type Error = Error;

    /// Returns `EINVAL` if the number is not a driver's.
    fn try_from(kind: u32) -> Result<Self> {
        if kind < ACCEL_EVENT_DRIVER_BASE {
            return Err(EINVAL);
        }
        Ok(Self(kind))
    }
}

/// A subscriber, and what it wants to know: `enum accel_event_class`.
struct Entry {
    classes: u32,
    inbox: Arc<Inbox>,
}

/// Those who get the events of a device.
struct List {
    entries: KVec<Entry>,
    /// The number of the last event.
    sequence: u64,
}

/// The events of a device.
#[pin_data]
pub(crate) struct Events {
    #[pin]
    list: SpinLockIrq<List>,
    /// How many entries the list has; only changed while it is locked.
    count: Atomic<u32>,
    /// There are no events any more; set while the list is locked.
    ended: AtomicFlag,
    /// Held by who subscribes or unsubscribes, as that concerns both the list and the inbox.
    #[pin]
    change: Mutex<()>,
}

impl Events {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_spinlock_irq!(List {
                entries: KVec::new(),
                sequence: 0,
            }),
            count: Atomic::new(0),
            ended: AtomicFlag::new(false),
            change <- new_mutex!(()),
        })
    }

    /// Sends an event to those who have subscribed to its class. May be called in any context.
    #[inline]
    pub(crate) fn send(&self, class: u32, kind: u32, data: [u64; 3]) {
        // Who subscribes at the same time may miss it.
        if self.count.load(Relaxed) != 0 {
            self.send_to_all(class, kind, data, false);
        }
    }

    /// Sends the last event, a change of the state.
    pub(crate) fn end(&self, data: [u64; 3]) {
        self.send_to_all(ACCEL_EVENT_CLASS_STATE, ACCEL_EVENT_STATE, data, true);
    }

    #[inline(never)]
    fn send_to_all(&self, class: u32, kind: u32, data: [u64; 3], is_last: bool) {
        let mut list = self.list.lock();
        if self.ended.load(Relaxed) {
            return;
        }
        list.sequence += 1;
        let event = accel_event {
            // CAST: A record is small.
            size: size_of::<accel_event>() as u32,
            kind,
            sequence: list.sequence,
            time_ns: ffi::monotonic_ns(),
            data,
        };
        for entry in &list.entries {
            if entry.classes & class != 0 {
                entry.inbox.put(&event);
            } else if is_last {
                entry.inbox.signal();
            }
        }
        // Readers who see it find all events that there will ever be.
        self.ended.store(is_last, Release);
    }

    /// Has an inbox get what belongs to `classes`, which are not none, from now on. Returns
    /// `ENODEV` if there will be no events any more, nor anybody to signal the eventfd.
    fn subscribe(&self, inbox: &Arc<Inbox>, classes: u32, eventfd: Option<EventFd>) -> Result {
        let _change = self.change.lock();
        // All that needs memory comes first. Nobody else adds an entry meanwhile.
        let count = self.count.load(Relaxed) as usize;
        let mut entries = KVec::with_capacity(count + 1, GFP_KERNEL)?;
        inbox.open(eventfd)?;

        let mut list = self.list.lock();
        if self.ended.load(Relaxed) {
            return Err(ENODEV);
        }
        let own = |entry: &&mut Entry| Arc::ptr_eq(&entry.inbox, inbox);
        if let Some(entry) = list.entries.iter_mut().find(own) {
            entry.classes = classes;
            return Ok(());
        }
        core::mem::swap(&mut list.entries, &mut entries);
        let added = Entry {
            classes,
            inbox: inbox.clone(),
        };
        for entry in Iterator::chain(entries.drain_all(), [added]) {
            // There is room for all of them.
            let _ = list.entries.push_within_capacity(entry);
        }
        // CAST: There cannot be as many open files.
        self.count.store(list.entries.len() as u32, Relaxed);
        // The memory of the list before must not be freed with interrupts disabled.
        drop(list);
        Ok(())
    }

    /// Has an inbox get nothing any more. Cannot fail.
    pub(crate) fn unsubscribe(&self, inbox: &Arc<Inbox>) {
        let _change = self.change.lock();
        let mut list = self.list.lock();
        let place = list
            .entries
            .iter()
            .position(|entry| Arc::ptr_eq(&entry.inbox, inbox));
        let removed = place.and_then(|place| list.entries.remove(place).ok());
        // CAST: There cannot be as many open files.
        self.count.store(list.entries.len() as u32, Relaxed);
        drop(list);
        if removed.is_some() {
            inbox.close();
        }
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
        stack_pin_init!(let waiter = inbox.wait.waiter());
        loop {
            let ended = self.ended.load(Acquire);
            match inbox.read(to, len) {
                Ok(0) if ended => return Err(ENODEV),
                Ok(0) if nonblock => return Err(EAGAIN),
                Ok(0) if Signals::All.pending() => return Err(EINTR),
                Ok(0) => waiter.as_ref().sleep_long(Signals::All),
                Err(EINVAL) if ended && !inbox.has_events() => return Err(ENODEV),
                result => return result,
            }
        }
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
        call.core.events.unsubscribe(&file.inbox);
        return Ok(());
    }
    let eventfd = EventFd::get(args.eventfd)?;
    call.core
        .events
        .subscribe(&file.inbox, args.classes, eventfd)
}

impl Core {
    /// Wakes all readers and pollers of the device.
    pub(crate) fn wake_pollers(&self) {
        let _ = self.files.try_for_each(|file| {
            file.inbox.wait.wake_all();
            Ok::<(), Error>(())
        });
    }
}

impl<T: AccelDriver> Device<T> {
    /// Sends an event to those who have subscribed to the events of the driver. What the data mean
    /// is up to the driver.
    ///
    /// May be called in any context; costs nothing if nobody has subscribed.
    pub fn send_event(&self, kind: EventKind, data: [u64; 3]) {
        let events = &self.core().events;
        events.send(ACCEL_EVENT_CLASS_DRIVER, kind.0, data);
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_events)]
mod tests {
    use super::*;

    const RECORD: usize = size_of::<accel_event>();

    #[test]
    fn nobody_subscribes_when_it_is_over() -> Result {
        let events = KBox::pin_init(Events::new(), GFP_KERNEL)?;
        let inbox = Arc::pin_init(Inbox::new(), GFP_KERNEL)?;
        events.end([0; 3]);
        let subscribed = events.subscribe(&inbox, ACCEL_EVENT_CLASS_STATE, None);
        assert_eq!(subscribed, Err(ENODEV));
        assert_eq!(events.count.load(Relaxed), 0);
        Ok(())
    }

    #[test]
    fn the_last_event_can_fault() -> Result {
        let events = KBox::pin_init(Events::new(), GFP_KERNEL)?;
        let inbox = Arc::pin_init(Inbox::new(), GFP_KERNEL)?;
        events.subscribe(&inbox, ACCEL_EVENT_CLASS_STATE, None)?;
        events.end([0; 3]);
        let nowhere = UserPtr::from_addr(usize::MAX - RECORD);
        assert_eq!(events.read(&inbox, nowhere, RECORD, true), Err(EFAULT));
        assert_eq!(events.read(&inbox, nowhere, RECORD, true), Err(ENODEV));
        Ok(())
    }
}
