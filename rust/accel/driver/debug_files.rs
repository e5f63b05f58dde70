// SPDX-License-Identifier: GPL-2.0

//! Files of a driver's own in debugfs.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    seq_file::SeqFile, //
};

use super::{
    context::{
        Context,
        Observer, //
    },
    handler,
    table::{
        check_each,
        Row,
        Table, //
    },
    AccelDriver,
    Invariant, //
};
use crate::{
    base::names,
    device::ops::DebugEntry, //
};

/// A file of the driver `T` in debugfs: a row of its [`DebugTable`].
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, DebugFile};
/// use kernel::{seq_file::SeqFile, seq_print};
///
/// fn show<T: AccelDriver>(ctx: &Context<'_, T, Observer>, out: &SeqFile) -> Result {
///     seq_print!(out, "running {}\n", ctx.device().is_running());
///     Ok(())
/// }
///
/// const fn file<T: AccelDriver>() -> DebugFile<T> {
///     DebugFile::new(c"state", show)
/// }
/// ```
#[repr(transparent)]
pub struct DebugFile<T: AccelDriver> {
    // INVARIANT: The function is one for `T`.
    entry: DebugEntry,
    _driver: Invariant<T>,
}

// SAFETY: By the declaration, and by the invariant of `entry`.
unsafe impl<T: AccelDriver> Row for DebugFile<T> {
    type Entry = DebugEntry;
}

impl<T: AccelDriver> DebugFile<T> {
    /// Declares a file that root may read, by its name and the function that prints what is in it,
    /// with [`seq_print!`](kernel::seq_print). An error is what the reader gets.
    ///
    /// The function is called again with more room if that did not suffice. Unlike that of an
    /// attribute, the function may read registers, if [`Context::stay_awake`] returns an `Awake`:
    /// no reset is under way then. What the function prints is for those who debug the driver; no
    /// program may depend on it.
    pub const fn new<H>(name: &'static CStr, show: H) -> Self
    where
        H: Fn(&Context<'_, T, Observer>, &SeqFile) -> Result + Copy + Send + Sync + 'static,
    {
        Self {
            entry: DebugEntry {
                name,
                show: handler::by_ref_with(show),
            },
            _driver: PhantomData,
        }
    }
}

/// The files of the driver `T` in debugfs.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, DebugFile, DebugTable};
///
/// const fn files<T: AccelDriver>() -> DebugTable<T> {
///     DebugTable::new(const { &[DebugFile::new(c"registers", |_, _| Ok(()))] })
/// }
/// ```
pub type DebugTable<T> = Table<DebugFile<T>>;

impl<T: AccelDriver> Table<DebugFile<T>> {
    /// Makes a table of `files`.
    ///
    /// Two of the same name, or one without, do not compile.
    pub const fn new(files: &'static [DebugFile<T>]) -> Self {
        check_each!(files, |file, before| {
            let name = file.entry.name.to_bytes();
            names::require(
                names::is_of_file(name),
                name,
                "a debug file has a name without slashes",
            );
            check_each!(before, |other, _| names::require(
                !names::equal(name, other.entry.name.to_bytes()),
                name,
                "the debug files of a driver have different names",
            ));
        });
        Self::checked(files)
    }
}
