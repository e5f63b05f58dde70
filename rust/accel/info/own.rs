// SPDX-License-Identifier: GPL-2.0

//! Topics of a driver's own.

use core::marker::PhantomData;
use kernel::prelude::*;

use super::List;
use crate::{
    call::Call,
    context::{
        Context,
        Observer, //
    },
    driver::{
        AccelDriver,
        Invariant, //
    },
    handler,
    names,
    uapi::{
        self,
        UapiType, //
    }, //
};

/// A [`Topic`] without its types.
pub(crate) struct TopicEntry {
    pub(crate) id: u32,
    /// Lists the records.
    ///
    /// # Safety
    ///
    /// The call must have been admitted to a device of the driver that the entry was made for.
    pub(crate) records: unsafe fn(&Call<'_>) -> Result<List>,
}

/// A topic of the driver `T`: a row of its [`TopicTable`].
#[repr(transparent)]
pub struct Topic<T: AccelDriver> {
    // INVARIANT: `records` is a shim for `T`.
    entry: TopicEntry,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Topic<T> {
    /// Declares a topic, by its number, from 0x8000 on, and the function that lists its records,
    /// which [`uapi_struct!`](crate::uapi_struct) declares.
    ///
    /// The function is called for observers, so it must not reach the hardware.
    pub const fn new<R, H>(id: u32, handler: H) -> Self
    where
        R: UapiType,
        H: Fn(&Context<'_, T, Observer>, &mut List<R>) -> Result + Copy,
    {
        let _ = handler;
        Self {
            entry: TopicEntry {
                id,
                records: shim::<T, R, H>,
            },
            _driver: PhantomData,
        }
    }
}

/// Calls the handler of type `H`.
///
/// # Safety
///
/// The requirements of [`TopicEntry::records`] for the driver `T`.
unsafe fn shim<T, R, H>(call: &Call<'_>) -> Result<List>
where
    T: AccelDriver,
    R: UapiType,
    H: Fn(&Context<'_, T, Observer>, &mut List<R>) -> Result + Copy,
{
    // SAFETY: `Topic` was given one.
    let handler = unsafe { handler::of_type::<H>() };

    let mut list = List::new();
    // SAFETY: Passed on to the caller; the role of an observer asks for nothing more.
    handler(unsafe { Context::from_ref(call) }, &mut list)?;
    Ok(list.erase())
}

/// The topics of the driver `T`.
pub struct TopicTable<T: AccelDriver>(&'static [Topic<T>]);

impl<T: AccelDriver> TopicTable<T> {
    /// Makes a table of `topics`, which must be in the order of their numbers, from 0x8000.
    pub const fn new(topics: &'static [Topic<T>]) -> Self {
        let mut next = uapi::ACCEL_INFO_DRIVER_BASE;
        let mut i = 0;
        while i < topics.len() {
            names::require_of_number(
                topics[i].entry.id >= next,
                topics[i].entry.id,
                "topic numbers are from 0x8000, ascending and unique",
            );
            next = topics[i].entry.id + 1;
            i += 1;
        }
        Self(topics)
    }

    /// Returns the table without its types.
    pub(crate) const fn entries(&self) -> &'static [TopicEntry] {
        // SAFETY: `Topic` is a transparent wrapper of `TopicEntry`.
        unsafe { core::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len()) }
    }
}
