// SPDX-License-Identifier: GPL-2.0

//! The last events of a device, which all subscribers read.
//!
//! There is one ring for each class of events, so that many events of one do not push out the few
//! of another. A new event takes the place of the oldest; to add one costs the same however many
//! read. A [`Reader`] knows by the count of events how many it has missed.

use kernel::prelude::*;

use crate::sys::uapi::{
    accel_event,
    flags::{
        EventClass,
        EventClasses, //
    },
    ACCEL_EVENT_LOST, //
};

/// How many classes there are.
pub(super) const CLASSES: usize = EventClasses::all_bits().count_ones() as usize;

/// How many events of a class are kept; `include/uapi/accel/accel.h` promises 64.
const CAPACITY: usize = 64;

/// The last events of a class.
///
/// # Invariants
///
/// Event number `n` of the class is at `n % CAPACITY`, if `count - CAPACITY <= n < count`.
struct Ring {
    /// Empty, until somebody subscribes.
    records: KVec<accel_event>,
    /// How many events there were so far.
    count: u64,
    /// The last one that is not there any more.
    evicted: accel_event,
}

impl Ring {
    fn new() -> Self {
        Self {
            records: KVec::new(),
            count: 0,
            evicted: accel_event::default(),
        }
    }

    const fn place(number: u64) -> usize {
        // CAST: It is small.
        (number % CAPACITY as u64) as usize
    }

    fn push(&mut self, event: accel_event) {
        let Some(place) = self.records.get_mut(Self::place(self.count)) else {
            return;
        };
        if self.count >= CAPACITY as u64 {
            self.evicted = *place;
        }
        *place = event;
        // INVARIANT: The event is at its place.
        self.count += 1;
    }

    /// Returns the number of the oldest event that is there.
    fn oldest(&self) -> u64 {
        self.count.saturating_sub(CAPACITY as u64)
    }
}

/// The last events of a device.
pub(super) struct Log {
    rings: [Ring; CLASSES],
    /// The number of the last event.
    sequence: u64,
}

impl Log {
    pub(super) fn new() -> Self {
        Self {
            rings: core::array::from_fn(|_| Ring::new()),
            sequence: 0,
        }
    }

    /// Returns whether it has memory for events.
    pub(super) fn has_memory(&self) -> bool {
        self.rings.iter().all(|ring| !ring.records.is_empty())
    }

    /// Takes memory for events, if it has none yet; else gives it back.
    pub(super) fn provide(&mut self, memory: LogMemory) -> Option<LogMemory> {
        if self.has_memory() {
            return Some(memory);
        }
        for (ring, records) in self.rings.iter_mut().zip(memory.0) {
            ring.records = records;
        }
        None
    }

    /// Adds an event to a class.
    pub(super) fn push(&mut self, class: EventClass, kind: u32, time_ns: u64, data: [u64; 3]) {
        self.sequence += 1;
        let event = accel_event {
            // CAST: A record is small.
            size: size_of::<accel_event>() as u32,
            kind,
            sequence: self.sequence,
            time_ns,
            data,
        };
        if let Some(ring) = self.rings.get_mut((class as u32).trailing_zeros() as usize) {
            ring.push(event);
        }
    }

    /// Copies records to `batch` that `reader` has not read, in the order of their numbers, and has
    /// it go on behind them. Returns how many.
    pub(super) fn take(&self, reader: &mut Reader, batch: &mut [accel_event]) -> usize {
        let mut taken = 0;
        for place in batch {
            let next = Iterator::zip(self.rings.iter(), reader.cursors.iter_mut())
                .enumerate()
                .filter_map(|(class, (ring, cursor))| {
                    let (record, after) = cursor.peek(ring, class)?;
                    Some((record, after, cursor))
                })
                .min_by_key(|(record, ..)| record.sequence);
            let Some((record, after, cursor)) = next else {
                break;
            };
            cursor.next = after;
            *place = record;
            taken += 1;
        }
        taken
    }

    /// Returns whether there is something that `reader` has not read.
    pub(super) fn has_unread(&self, reader: &Reader) -> bool {
        Iterator::zip(self.rings.iter(), reader.cursors.iter())
            .any(|(ring, cursor)| cursor.next < cursor.end.min(ring.count))
    }
}

/// Memory for the events of a [`Log`].
pub(super) struct LogMemory([KVec<accel_event>; CLASSES]);

impl LogMemory {
    /// Belongs to the device, as long as that exists, so it is not charged to who asks first.
    pub(super) fn new() -> Result<Self> {
        let mut memory = [const { KVec::new() }; CLASSES];
        for records in &mut memory {
            *records = KVec::from_elem(accel_event::default(), CAPACITY, GFP_KERNEL)?;
        }
        Ok(Self(memory))
    }
}

/// Which events of a class somebody reads.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Cursor {
    /// The next one.
    next: u64,
    /// The first that is not meant any more.
    end: u64,
}

impl Cursor {
    /// Returns the next record, and the number of the event that comes after it.
    fn peek(&self, ring: &Ring, class: usize) -> Option<(accel_event, u64)> {
        let end = self.end.min(ring.count);
        if self.next >= end {
            return None;
        }
        let there = ring.oldest().clamp(self.next, end);
        if there > self.next {
            let lost = accel_event {
                kind: ACCEL_EVENT_LOST,
                data: [there - self.next, 1 << class, 0],
                ..ring.evicted
            };
            return Some((lost, there));
        }
        let record = ring.records.get(Ring::place(self.next))?;
        Some((*record, self.next + 1))
    }
}

/// How far somebody has read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Reader {
    cursors: [Cursor; CLASSES],
}

impl Reader {
    /// One that reads nothing.
    pub(super) const fn new() -> Self {
        Self {
            cursors: [Cursor { next: 0, end: 0 }; CLASSES],
        }
    }

    /// Has it read what is added to `classes` of `log` from now on, and what it has not read of
    /// those that it reads already. Of others, what there is can still be read.
    pub(super) fn follow(&mut self, log: &Log, classes: EventClasses) {
        for (class, cursor) in self.cursors.iter_mut().enumerate() {
            let count = log.rings[class].count;
            let follows = cursor.end == u64::MAX;
            if u32::from(classes) & (1 << class) == 0 {
                cursor.end = cursor.end.min(count);
            } else if !follows {
                *cursor = Cursor {
                    next: count,
                    end: u64::MAX,
                };
            }
        }
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_event_log)]
mod tests {
    use super::*;

    const A: EventClass = EventClass::State;
    const B: EventClass = EventClass::Error;
    const FULL: u64 = CAPACITY as u64;

    #[test]
    fn in_order_across_classes() -> Result {
        let mut log = log()?;
        let mut reader = Reader::new();
        reader.follow(&log, A | B);
        for round in 0..3 * FULL {
            log.push(if round % 3 == 0 { A } else { B }, 7, 0, [round, 0, 0]);
            assert_eq!(next(&log, &mut reader), Some((7, round)));
            assert_eq!(next(&log, &mut reader), None);
        }
        Ok(())
    }

    #[test]
    fn only_what_is_followed() -> Result {
        let mut log = log()?;
        let mut reader = Reader::new();
        log.push(A, 1, 0, [0; 3]);
        assert!(!log.has_unread(&reader));
        reader.follow(&log, A.into());
        log.push(B, 1, 0, [1, 0, 0]);
        assert!(!log.has_unread(&reader));
        log.push(A, 1, 0, [2, 0, 0]);
        assert!(log.has_unread(&reader));
        // What there is can be read when it is not followed any more.
        reader.follow(&log, B.into());
        log.push(A, 1, 0, [3, 0, 0]);
        log.push(B, 1, 0, [4, 0, 0]);
        assert_eq!(next(&log, &mut reader), Some((1, 2)));
        assert_eq!(next(&log, &mut reader), Some((1, 4)));
        assert_eq!(next(&log, &mut reader), None);
        // What was in between is not told.
        reader.follow(&log, A | B);
        log.push(A, 1, 0, [5, 0, 0]);
        assert_eq!(next(&log, &mut reader), Some((1, 5)));
        assert_eq!(next(&log, &mut reader), None);
        Ok(())
    }

    #[test]
    fn what_is_lost_is_told_before_what_is_there() -> Result {
        let mut log = log()?;
        let mut reader = Reader::new();
        reader.follow(&log, A.into());
        for round in 0..FULL + 5 {
            log.push(A, 1, 0, [round, 0, 0]);
        }
        let mut records = [accel_event::default(); 2];
        assert_eq!(log.take(&mut reader, &mut records), 2);
        assert_eq!(records[0].kind, ACCEL_EVENT_LOST);
        assert_eq!(records[0].data, [5, A as u64, 0]);
        assert_eq!(records[0].sequence, 5);
        assert_eq!(records[1].data[0], 5);
        assert_eq!(records[1].sequence, 6);
        for round in 6..FULL + 5 {
            assert_eq!(next(&log, &mut reader), Some((1, round)));
        }
        assert_eq!(next(&log, &mut reader), None);
        Ok(())
    }

    #[test]
    fn one_class_does_not_push_out_another() -> Result {
        let mut log = log()?;
        let mut reader = Reader::new();
        reader.follow(&log, A | B);
        log.push(A, 1, 0, [1, 0, 0]);
        for round in 0..2 * FULL {
            log.push(B, 1, 0, [round, 0, 0]);
        }
        assert_eq!(next(&log, &mut reader), Some((1, 1)));
        assert_eq!(next(&log, &mut reader), Some((ACCEL_EVENT_LOST, FULL)));
        assert_eq!(next(&log, &mut reader), Some((1, FULL)));
        Ok(())
    }

    #[test]
    fn what_is_lost_after_the_end_is_told() -> Result {
        let mut log = log()?;
        let mut reader = Reader::new();
        reader.follow(&log, A.into());
        log.push(A, 1, 0, [0; 3]);
        log.push(A, 1, 0, [0; 3]);
        reader.follow(&log, EventClasses::empty());
        for _ in 0..FULL + 9 {
            log.push(A, 1, 0, [0; 3]);
        }
        assert_eq!(next(&log, &mut reader), Some((ACCEL_EVENT_LOST, 2)));
        assert_eq!(next(&log, &mut reader), None);
        Ok(())
    }

    #[test]
    fn without_memory_there_is_nothing() {
        let mut log = Log::new();
        let mut reader = Reader::new();
        reader.follow(&log, A.into());
        log.push(A, 1, 0, [0; 3]);
        assert!(!log.has_unread(&reader));
        assert_eq!(next(&log, &mut reader), None);
    }

    #[test]
    fn memory_is_provided_once() -> Result {
        let mut log = log()?;
        log.push(A, 1, 0, [0; 3]);
        assert!(log.provide(LogMemory::new()?).is_some());
        Ok(())
    }

    /// Returns one that has memory.
    fn log() -> Result<Log> {
        let mut log = Log::new();
        let left = log.provide(LogMemory::new()?);
        left.is_none().then_some(log).ok_or(EINVAL)
    }

    /// Reads a record: its kind, and the first of its data.
    fn next(log: &Log, reader: &mut Reader) -> Option<(u32, u64)> {
        let mut record = [accel_event::default()];
        let taken = log.take(reader, &mut record);
        (taken > 0).then_some((record[0].kind, record[0].data[0]))
    }
}
