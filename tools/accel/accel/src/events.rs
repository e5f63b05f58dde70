// SPDX-License-Identifier: GPL-2.0

//! Events, `include/uapi/accel/accel.h`.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Changes of the state, `ACCEL_EVENT_CLASS_STATE`.
pub const CLASS_STATE: u32 = 1 << 0;
/// Errors, `ACCEL_EVENT_CLASS_ERROR`.
pub const CLASS_ERROR: u32 = 1 << 1;
/// What the driver has to say, `ACCEL_EVENT_CLASS_DRIVER`.
pub const CLASS_DRIVER: u32 = 1 << 2;

/// Events did not fit, `ACCEL_EVENT_LOST`.
pub const LOST: u32 = 0;
/// The state has changed, `ACCEL_EVENT_STATE`.
pub const STATE: u32 = 1;
/// An error, `ACCEL_EVENT_ERROR`.
pub const ERROR: u32 = 2;
/// The first of the driver's own kinds, `ACCEL_EVENT_DRIVER_BASE`.
pub const DRIVER_BASE: u32 = 0x8000;

/// Argument of `ACCEL_IOC_EVENTS`, `struct accel_events`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Subscribe {
    /// Set by [`Device::call`](crate::Device::call).
    pub size: u32,
    /// In: combination of [`CLASS_STATE`], [`CLASS_ERROR`], [`CLASS_DRIVER`].
    pub classes: u32,
    /// In: an eventfd to signal, -1 for none.
    pub eventfd: i32,
    /// Must be zero.
    pub flags: u32,
}

/// What read() returns, `struct accel_event`.
#[derive(Debug, Default, Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(8))]
pub struct Event {
    /// Its size in the kernel.
    pub size: u32,
    /// [`LOST`], [`STATE`], [`ERROR`], or the driver's own.
    pub kind: u32,
    /// Number of the event on this device.
    pub sequence: u64,
    /// `CLOCK_MONOTONIC` time at which it was sent, in nanoseconds.
    pub time_ns: u64,
    /// Depends on the kind.
    pub data: [u64; 3],
}

/// Takes records apart, which may be longer than those that this crate knows.
pub(crate) fn parse(mut bytes: &[u8]) -> Option<Vec<Event>> {
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let (event, _) = Event::read_from_prefix(bytes).ok()?;
        let size = usize::try_from(event.size).ok()?;
        if size < size_of::<Event>() {
            return None;
        }
        bytes = bytes.get(size..)?;
        events.push(event);
    }
    Some(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two records that are some bytes longer than ours.
    fn records(longer: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for sequence in [1, 2] {
            let event = Event {
                size: (size_of::<Event>() + longer) as u32,
                sequence,
                ..Event::default()
            };
            bytes.extend_from_slice(event.as_bytes());
            bytes.resize(bytes.len() + longer, 0xff);
        }
        bytes
    }

    #[test]
    fn records_may_have_grown() {
        for longer in [0, 8, 64] {
            let events = parse(&records(longer)).unwrap();
            let sequences: Vec<_> = events.iter().map(|event| event.sequence).collect();
            assert_eq!(sequences, [1, 2]);
        }
    }

    #[test]
    fn a_wrong_size_is_noticed() {
        assert!(parse(&[]).unwrap().is_empty());
        let bytes = records(8);
        assert!(parse(&bytes[..bytes.len() - 1]).is_none());
        assert!(parse(&[0; 48]).is_none());
    }
}
