// SPDX-License-Identifier: GPL-2.0

//! A queue of events that has an end, and says what it has lost.

use kernel::prelude::*;

use crate::uapi::{
    accel_event,
    ACCEL_EVENT_LOST, //
};

/// Events that are waiting to be read.
///
/// What does not fit is counted. A record with the count follows on the last event that did fit,
/// and nothing else does before there is room for both.
///
/// # Invariants
///
/// `len` is at most the length of `ring`, and `first` is less, unless that is zero.
pub(super) struct Queue {
    ring: KVec<accel_event>,
    first: usize,
    len: usize,
    lost: u64,
    /// The last event that was lost.
    last_lost: accel_event,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Result<Self> {
        Ok(Self {
            // INVARIANT: All of the ring is initialised, and none is in use.
            ring: KVec::from_elem(accel_event::default(), capacity, GFP_KERNEL)?,
            first: 0,
            len: 0,
            lost: 0,
            last_lost: accel_event::default(),
        })
    }

    /// Adds an event, or counts it as lost.
    pub(super) fn push(&mut self, event: &accel_event) {
        let needed = if self.lost > 0 { 2 } else { 1 };
        if self.ring.len() - self.len < needed {
            self.lost += 1;
            self.last_lost = *event;
            return;
        }
        if let Some(lost) = self.take_lost() {
            self.append(lost);
        }
        self.append(*event);
    }

    /// Returns the place that comes so many, at most the length of the ring, after the first.
    fn place(&self, after: usize) -> usize {
        let place = self.first + after;
        // A remainder would be that of a division by zero, as far as the compiler knows.
        match place.checked_sub(self.ring.len()) {
            Some(wrapped) => wrapped,
            None => place,
        }
    }

    fn append(&mut self, event: accel_event) {
        let place = self.place(self.len);
        self.ring[place] = event;
        // INVARIANT: The caller has made sure of room.
        self.len += 1;
    }

    /// Takes the oldest record.
    pub(super) fn pop(&mut self) -> Option<accel_event> {
        if self.len == 0 {
            return self.take_lost();
        }
        let event = self.ring[self.first];
        // INVARIANT: There is one less, and the place of the next one is in the ring.
        self.first = self.place(1);
        self.len -= 1;
        Some(event)
    }

    /// Returns the record of what was lost, if there is anything to say.
    fn take_lost(&mut self) -> Option<accel_event> {
        let lost = core::mem::take(&mut self.lost);
        (lost > 0).then_some(accel_event {
            kind: ACCEL_EVENT_LOST,
            data: [lost, 0, 0],
            ..self.last_lost
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0 && self.lost == 0
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_event_queue)]
mod tests {
    use super::*;

    #[test]
    fn in_order() -> Result {
        let mut queue = Queue::new(3)?;
        for round in 0..10 {
            push(&mut queue, 2 * round..2 * round + 2);
            assert_eq!(pop(&mut queue), Some((1, 2 * round)));
            assert_eq!(pop(&mut queue), Some((1, 2 * round + 1)));
            assert_eq!(pop(&mut queue), None);
            assert!(queue.is_empty());
        }
        Ok(())
    }

    #[test]
    fn what_is_lost_is_reported_where_it_is_missing() -> Result {
        let mut queue = Queue::new(3)?;
        push(&mut queue, 0..7);
        assert_eq!(pop(&mut queue), Some((1, 0)));
        // There is room for one record, but two are needed.
        push(&mut queue, 7..8);
        assert_eq!(pop(&mut queue), Some((1, 1)));
        push(&mut queue, 8..9);
        assert_eq!(pop(&mut queue), Some((1, 2)));
        assert_eq!(pop(&mut queue), Some((ACCEL_EVENT_LOST, 5)));
        assert_eq!(pop(&mut queue), Some((1, 8)));
        assert_eq!(pop(&mut queue), None);
        Ok(())
    }

    #[test]
    fn what_is_lost_last_is_reported_too() -> Result {
        let mut queue = Queue::new(1)?;
        push(&mut queue, 0..3);
        assert_eq!(pop(&mut queue), Some((1, 0)));
        assert!(!queue.is_empty());
        let lost = queue.pop().unwrap_or_default();
        assert_eq!(lost.kind, ACCEL_EVENT_LOST);
        assert_eq!(lost.data[0], 2);
        assert_eq!(lost.sequence, 2);
        assert!(queue.is_empty());
        push(&mut queue, 3..4);
        assert_eq!(pop(&mut queue), Some((1, 3)));
        Ok(())
    }

    /// Pushes events with these numbers.
    fn push(queue: &mut Queue, numbers: core::ops::Range<u64>) {
        for number in numbers {
            queue.push(&accel_event {
                kind: 1,
                sequence: number,
                data: [number, 0, 0],
                ..accel_event::default()
            });
        }
    }

    fn pop(queue: &mut Queue) -> Option<(u32, u64)> {
        queue.pop().map(|event| (event.kind, event.data[0]))
    }
}
