// SPDX-License-Identifier: GPL-2.0

//! Lists that are usually short.

use kernel::prelude::*;

/// A list with room for a number of elements that is known beforehand. Up to `N` of them need no
/// memory of their own.
pub(crate) struct Few<T, const N: usize> {
    inside: [Option<T>; N],
    /// Has room for all if there are more.
    outside: KVec<Option<T>>,
    /// How many there are; they come first.
    len: usize,
}

impl<T, const N: usize> Few<T, N> {
    /// Makes an empty list with room for `count` elements. Returns `ENOMEM`.
    pub(crate) fn with_room(count: usize) -> Result<Self> {
        let mut outside = KVec::new();
        if count > N {
            outside.reserve(count, GFP_KERNEL_ACCOUNT)?;
            for _ in 0..count {
                outside.push_within_capacity(None).map_err(|_| ENOMEM)?;
            }
        }
        Ok(Self {
            inside: [const { None }; N],
            outside,
            len: 0,
        })
    }

    fn room(&mut self) -> &mut [Option<T>] {
        match self.outside.is_empty() {
            true => &mut self.inside,
            false => &mut self.outside,
        }
    }

    /// Returns the elements, each of which is there.
    pub(crate) fn elements(&self) -> &[Option<T>] {
        match self.outside.is_empty() {
            true => &self.inside[..self.len],
            false => &self.outside[..self.len],
        }
    }

    /// Returns the elements.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.elements().iter().flatten()
    }

    /// Returns the elements.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        let len = self.len;
        self.room()[..len].iter_mut().flatten()
    }

    /// Puts an element before that with number `at`, or behind the last one. Returns `ENOMEM` if
    /// there is no room.
    pub(crate) fn insert(&mut self, at: usize, element: T) -> Result {
        let len = self.len;
        let place = self.room().get_mut(at..=len).ok_or(ENOMEM)?;
        place.rotate_right(1);
        place[0] = Some(element);
        self.len += 1;
        Ok(())
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_few)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_where_they_were_put() -> Result {
        for count in 1..6 {
            let mut few = Few::<usize, 3>::with_room(count)?;
            for number in 0..count {
                // At the front, at the end, and in the middle.
                few.insert([0, number, number / 2][number % 3], number)?;
            }
            // There is room for three in any case.
            assert_eq!(few.room().len(), count.max(3));
            let expected: &[usize] = match count {
                1 => &[0],
                2 => &[0, 1],
                3 => &[0, 2, 1],
                4 => &[3, 0, 2, 1],
                _ => &[3, 0, 2, 1, 4],
            };
            assert!(few.iter().eq(expected));
            for element in few.iter_mut() {
                *element += 1;
            }
            assert_eq!(few.iter().sum::<usize>(), (1..=count).sum());
            if count >= 3 {
                assert_eq!(few.insert(0, 0), Err(ENOMEM));
            }
        }
        Ok(())
    }
}
