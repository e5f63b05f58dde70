// SPDX-License-Identifier: GPL-2.0

//! Attributes of a driver's own in sysfs.

use core::marker::PhantomData;
use kernel::{
    fmt::{
        self,
        Display,
        Write, //
    },
    prelude::*,
    str::{
        parse_int::ParseInt,
        BStr,
        Formatter, //
    },
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
    device::{
        call::Call,
        ops::AttributeEntry, //
    }, //
};

/// An attribute of the driver `T`: a row of its [`AttributeTable`].
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Attribute};
///
/// fn minor<T: AccelDriver>(ctx: &Context<'_, T, Observer>) -> u32 {
///     ctx.device().minor()
/// }
///
/// const fn attribute<T: AccelDriver>() -> Attribute<T> {
///     Attribute::new(c"minor_of_node", minor)
/// }
/// ```
#[repr(transparent)]
pub struct Attribute<T: AccelDriver> {
    // INVARIANT: The functions are those for `T`.
    entry: AttributeEntry,
    _driver: Invariant<T>,
}

// SAFETY: By the declaration, and by the invariant of `entry`.
unsafe impl<T: AccelDriver> Row for Attribute<T> {
    type Entry = AttributeEntry;
}

impl<T: AccelDriver> Attribute<T> {
    /// Declares an attribute that everybody may read, by its name and the function that gives its
    /// value: one number or word, which is shown in a line.
    ///
    /// Reading is looking, so the function must not reach the hardware, and should not sleep.
    pub const fn new<V, H>(name: &'static CStr, show: H) -> Self
    where
        V: Display,
        H: Fn(&Context<'_, T, Observer>) -> V + Copy + Send + Sync + 'static,
    {
        let _ = show;
        Self {
            entry: AttributeEntry {
                name,
                mode: 0o444,
                show: show_shim::<T, V, H>,
                store: None,
            },
            _driver: PhantomData,
        }
    }

    /// Lets root write the attribute: a number, as `kstrtoint()` takes it, that the function is
    /// given. What is not a number of its type is `EINVAL`.
    ///
    /// The function may be called by several writers at a time. It must not reach the hardware,
    /// and fails with what the writer gets, such as `EINVAL`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Attribute};
    /// # use kernel::sync::atomic::{Atomic, Relaxed};
    /// static LIMIT: Atomic<u32> = Atomic::new(100);
    ///
    /// fn set_limit<T: AccelDriver>(_: &Context<'_, T, Observer>, limit: u32) -> Result {
    ///     LIMIT.store(limit, Relaxed);
    ///     Ok(())
    /// }
    ///
    /// const fn attribute<T: AccelDriver>() -> Attribute<T> {
    ///     Attribute::new(c"limit", |_| LIMIT.load(Relaxed)).store(set_limit)
    /// }
    /// ```
    pub const fn store<V, H>(mut self, store: H) -> Self
    where
        V: ParseInt,
        H: Fn(&Context<'_, T, Observer>, V) -> Result + Copy + Send + Sync + 'static,
    {
        self.entry.mode |= 0o200;
        self.entry.store = Some(handler::by_ref_with(
            move |ctx: &Context<'_, T, Observer>, text: &[u8]| {
                store(ctx, V::from_str(BStr::from_bytes(text))?)
            },
        ));
        self
    }

    /// Lets nobody but root read it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Attribute};
    /// const fn attribute<T: AccelDriver>() -> Attribute<T> {
    ///     Attribute::new(c"serial", |_| 0x2a).for_root()
    /// }
    /// ```
    pub const fn for_root(mut self) -> Self {
        self.entry.mode &= 0o600;
        self
    }
}

/// Calls the function of type `H` that gives a value.
///
/// # Safety
///
/// The requirements of [`AttributeEntry::show`] for the driver `T`.
unsafe fn show_shim<T, V, H>(call: &Call<'_>, out: &mut Formatter<'_>) -> fmt::Result
where
    T: AccelDriver,
    V: Display,
    H: Fn(&Context<'_, T, Observer>) -> V + Copy + Send + Sync + 'static,
{
    // SAFETY: `Attribute` was given one.
    let handler = unsafe { handler::of_type::<H>() };

    // SAFETY: Passed on to the caller; the role of an observer asks for nothing more.
    let value = handler(unsafe { Context::from_ref(call) });
    out.write_fmt(fmt!("{}\n", value))
}

/// The attributes of the driver `T`.
///
/// # Examples
///
/// ```
/// use accel::{prelude::*, Attribute, AttributeTable};
///
/// const fn attributes<T: AccelDriver>() -> AttributeTable<T> {
///     AttributeTable::new(const { &[Attribute::new(c"lanes", |_| 4)] })
/// }
/// ```
pub type AttributeTable<T> = Table<Attribute<T>>;

impl<T: AccelDriver> Table<Attribute<T>> {
    /// Makes a table of `attributes`.
    ///
    /// Two of the same name, or one without, do not compile.
    pub const fn new(attributes: &'static [Attribute<T>]) -> Self {
        check_each!(attributes, |attribute, before| {
            let name = attribute.entry.name.to_bytes();
            names::require(
                names::is_of_file(name),
                name,
                "an attribute has a name without slashes",
            );
            check_each!(before, |other, _| names::require(
                !names::equal(name, other.entry.name.to_bytes()),
                name,
                "the attributes of a driver have different names",
            ));
        });
        Self::checked(attributes)
    }
}
