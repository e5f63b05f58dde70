// SPDX-License-Identifier: GPL-2.0

//! The engines of a device, as its driver declares and uses them.

use core::marker::PhantomData;

pub use crate::device::engine::{
    Engine,
    EngineClass,
    FileEngine, //
};

use super::{
    context::{
        Context,
        User, //
    },
    table::{
        check_each,
        Table, //
    },
    AccelDriver,
    Invariant, //
};
use crate::base::names;

/// The kinds of engines that the devices of a driver have.
///
/// # Examples
///
/// ```
/// use accel::engine::{Engine, EngineClass, EngineTable};
///
/// const ENGINES: EngineTable = EngineTable::new(&[
///     Engine {
///         name: "matrix",
///         class: EngineClass::Compute,
///         count: 4,
///     },
///     Engine {
///         name: "dma",
///         class: EngineClass::Copy,
///         count: 1,
///     },
/// ]);
/// ```
pub type EngineTable = Table<Engine>;

impl Table<Engine> {
    /// Makes a table of `engines`.
    ///
    /// Two of the same name, or one whose name is not as [`Engine`] wants it, do not compile.
    pub const fn new(engines: &'static [Engine]) -> Self {
        check_each!(engines, |engine, before| {
            let name = engine.name.as_bytes();
            names::require(
                names::is_of_key(name) && name.len() <= 31,
                name,
                "an engine has a name of at most 31 bytes, without colons and white space",
            );
            names::require(
                !names::begins_with(name, b"capacity-"),
                name,
                "an engine's name does not begin with \"capacity-\"",
            );
            check_each!(before, |other, _| names::require(
                !names::equal(name, other.name.as_bytes()),
                name,
                "the engines of a driver have different names",
            ));
        });
        Self::checked(engines)
    }

    /// Returns how many engines of a kind the table says that there are.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{engine::EngineId, prelude::*};
    /// fn lanes<T: AccelDriver>() -> u32 {
    ///     T::ENGINES.count(EngineId::<T>::row::<0>())
    /// }
    /// ```
    pub fn count<T: AccelDriver>(&self, engine: EngineId<T>) -> u32 {
        let engine = self.rows().get(engine.number);
        engine.map_or(0, |engine| engine.count)
    }
}

/// A kind of engine of the driver `T`: a row of its [`AccelDriver::ENGINES`].
///
/// # Examples
///
/// ```
/// use accel::{engine::EngineId, prelude::*};
///
/// /// The second row of [`AccelDriver::ENGINES`].
/// const fn dma<T: AccelDriver>() -> EngineId<T> {
///     EngineId::row::<1>()
/// }
/// ```
pub struct EngineId<T> {
    number: usize,
    _driver: Invariant<T>,
}

impl<T> EngineId<T> {
    pub(crate) const fn new(number: usize) -> Self {
        Self {
            number,
            _driver: PhantomData,
        }
    }

    /// Returns the number of the row; the first is 0.
    pub const fn number(self) -> usize {
        self.number
    }
}

impl<T: AccelDriver> EngineId<T> {
    /// Returns row `N`. If there is none, this does not compile.
    pub const fn row<const N: usize>() -> Self {
        const {
            assert!(
                N < T::ENGINES.rows().len(),
                "an engine is one of the driver's table"
            );
        }
        Self::new(N)
    }
}

impl<T> Clone for EngineId<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for EngineId<T> {}

impl<T: AccelDriver> Context<'_, T, User> {
    /// Returns an engine of the device, as it works for the calling file.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{engine::EngineId, prelude::*, Work};
    /// /// Begins work that counts for the calling file until the result is dropped.
    /// fn begin<T: AccelDriver>(ctx: &Context<'_, T>, engine: EngineId<T>) -> Work {
    ///     ctx.engine(engine).begin_work()
    /// }
    /// ```
    pub fn engine(&self, engine: EngineId<T>) -> FileEngine {
        let device = &self.core().account;
        let account = self.open_file().map_or(device, |file| &file.account);
        FileEngine::new(account.clone(), engine.number)
    }
}
