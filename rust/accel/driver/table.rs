// SPDX-License-Identifier: GPL-2.0

//! The tables of a driver.
//!
//! All of them are alike: rows that the compiler has checked. Most rows are an entry with the
//! driver's type added to it, which keeps them from being taken for those of another driver; what a
//! device holds are the entries.

/// A row of a [`Table`] that has the type of a driver.
///
/// # Safety
///
/// It must be a transparent wrapper of `Entry`, and the functions in it must be for the driver
/// that its type says.
pub(super) unsafe trait Row {
    /// The row without the driver's type.
    type Entry: 'static;
}

/// A table of a driver, whose rows the compiler has checked.
pub struct Table<R: 'static>(&'static [R]);

impl<R> Table<R> {
    /// Makes a table of rows that were checked.
    pub(super) const fn checked(rows: &'static [R]) -> Self {
        Self(rows)
    }

    /// Returns the rows.
    pub(super) const fn rows(&self) -> &'static [R] {
        self.0
    }

    /// Returns the rows without their driver's type.
    pub(super) const fn entries(&self) -> &'static [R::Entry]
    where
        R: Row,
    {
        // SAFETY: A row is a transparent wrapper of an entry, as `Row` requires.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len()) }
    }
}

/// Has each of `$rows` checked, with those before it, in a constant: there are no iterators.
macro_rules! check_each {
    ($rows:expr, |$row:ident, $before:pat_param| $check:expr) => {{
        let rows = $rows;
        let mut i = 0;
        while i < rows.len() {
            let ($before, rest) = rows.split_at(i);
            let $row = &rest[0];
            $check;
            i += 1;
        }
    }};
}
pub(super) use check_each;
