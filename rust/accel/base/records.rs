// SPDX-License-Identifier: GPL-2.0

//! Records of information topics, and the texts in them, as user space gets them.

use core::marker::PhantomData;
use kernel::prelude::*;
use zerocopy::Immutable;

/// A list that a driver fills with records; `R` is their form for user space.
///
/// # Invariants
///
/// `bytes` is a sequence of records of `record_size` bytes each.
///
/// # Examples
///
/// ```
/// use accel::{info::{Clock, List}, uapi::accel_info_clock};
/// use kernel::prelude::*;
///
/// fn clocks(current_hz: [u64; 2], list: &mut List<accel_info_clock>) -> Result {
///     for (name, current_hz) in Iterator::zip(["core", "memory"].into_iter(), current_hz) {
///         list.push(Clock {
///             name,
///             current_hz,
///             max_hz: 1_200_000_000,
///         })?;
///     }
///     Ok(())
/// }
/// ```
pub struct List<R = ()> {
    bytes: KVVec<u8>,
    record_size: usize,
    _record: PhantomData<fn(R) -> R>,
}

impl<R: IntoBytes + Immutable> List<R> {
    pub(crate) fn new() -> Self {
        const_assert!(size_of::<R>() > 0, "a record is not empty");

        // INVARIANT: The sequence is empty.
        Self {
            bytes: KVVec::new(),
            record_size: size_of::<R>(),
            _record: PhantomData,
        }
    }

    /// Adds a record. Returns `ENOMEM` if there is no room.
    pub fn push(&mut self, record: impl Into<R>) -> Result {
        // INVARIANT: A record is added as a whole, or not at all.
        self.bytes
            .extend_from_slice(record.into().as_bytes(), GFP_KERNEL)?;
        Ok(())
    }

    /// Ends the texts in the records, whoever has made these: with a zero in each of the `places`
    /// of a record.
    pub(crate) fn end_texts(&mut self, places: &[usize]) {
        for record in self.bytes.chunks_exact_mut(self.record_size) {
            for &place in places {
                if let Some(byte) = record.get_mut(place) {
                    *byte = 0;
                }
            }
        }
    }

    /// Forgets what the records are made of.
    pub(crate) fn erase(self) -> List {
        List {
            bytes: self.bytes,
            record_size: self.record_size,
            _record: PhantomData,
        }
    }
}

impl List {
    /// Returns a list that consists of `record`.
    pub(crate) fn of_one<R: IntoBytes + Immutable>(record: R) -> Result<Self> {
        let mut list = List::<R>::new();
        list.push(record)?;
        Ok(list.erase())
    }

    /// Returns the records as bytes, and the size of each.
    pub(crate) fn as_parts(&self) -> (&[u8], usize) {
        (&self.bytes, self.record_size)
    }
}

/// Returns `source` as a C string in an array, cut to fit.
pub(crate) fn text<const N: usize>(source: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    let len = source.len().min(N - 1);
    array[..len].copy_from_slice(&source[..len]);
    array
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_records)]
mod tests {
    use super::*;

    #[test]
    fn text_is_terminated() {
        assert_eq!(text::<4>(b""), *b"\0\0\0\0");
        assert_eq!(text::<4>(b"abc"), *b"abc\0");
        assert_eq!(text::<4>(b"abcd"), *b"abc\0");
    }

    #[test]
    fn texts_of_others_are_terminated() -> Result {
        let mut list = List::<[u8; 6]>::new();
        list.push(*b"abcdef")?;
        list.push(*b"ghijkl")?;
        list.end_texts(&[2, 5]);
        assert_eq!(list.erase().as_parts(), (b"ab\0de\0gh\0jk\0".as_slice(), 6));
        Ok(())
    }
}
