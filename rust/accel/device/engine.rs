// SPDX-License-Identifier: GPL-2.0

//! The engines of a device, and how long each has worked for an open file.

mod time;

use kernel::{
    prelude::*,
    sync::Arc, //
};

use self::time::EngineTime;
use super::{
    call::Call,
    work::{
        Usage,
        Work, //
    }, //
};
use crate::sys::{
    ffi,
    uapi::*, //
};

/// A kind of engine; `struct accel_info_engine`.
///
/// # Examples
///
/// ```
/// use accel::engine::{Engine, EngineClass};
///
/// const MATRIX: Engine = Engine {
///     name: "matrix",
///     class: EngineClass::Compute,
///     count: 4,
/// };
/// ```
pub struct Engine {
    /// Its name: at most 31 bytes, without colons and white space, as it is part of a key of
    /// `fdinfo`. It does not begin with "capacity-", by which another key begins.
    pub name: &'static str,
    /// What it is for.
    pub class: EngineClass,
    /// How many of its kind there are. See
    /// [`InfoOps::engine_count`](crate::info::InfoOps::engine_count).
    pub count: u32,
}

/// What an engine is for; `enum accel_engine_class`.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum EngineClass {
    /// None of the others.
    Other = ACCEL_ENGINE_OTHER,
    /// Computing.
    Compute = ACCEL_ENGINE_COMPUTE,
    /// Moving data.
    Copy = ACCEL_ENGINE_COPY,
}

/// Returns the engines that a device has: the number of each, what it is and how many there are.
pub(crate) fn of_device<'a>(
    call: &'a Call<'_>,
) -> impl Iterator<Item = (usize, &'a Engine, u32)> + 'a {
    let ops = call.ops();
    let engines = Iterator::zip(0.., ops.engines);
    engines.filter_map(move |(number, engine)| {
        let count = match ops.features.info {
            // SAFETY: The call was admitted to a device of this driver.
            Some(fns) => unsafe { (fns.engine_count)(call, &number) },
            None => engine.count,
        };
        (count > 0).then_some((number, engine, count))
    })
}

/// What is counted of the work that a device does for somebody.
pub(crate) struct Account {
    /// Of the device, whoever it is for.
    pub(crate) usage: Arc<Usage>,
    engines: KVec<EngineTime>,
}

impl Account {
    /// Makes the account of somebody for whom so many kinds of engines work.
    pub(crate) fn new(usage: Arc<Usage>, engines: usize) -> Result<Arc<Self>> {
        let mut times = KVec::with_capacity(engines, GFP_KERNEL_ACCOUNT)?;
        for _ in 0..engines {
            times.push(EngineTime::new(), GFP_KERNEL_ACCOUNT)?;
        }
        let account = Self {
            usage,
            engines: times,
        };
        Ok(Arc::new(account, GFP_KERNEL_ACCOUNT)?)
    }

    /// Returns the time of an engine until now, in nanoseconds. It never goes back.
    pub(crate) fn busy_ns(&self, number: usize) -> Option<u64> {
        Some(self.engines.get(number)?.busy_ns(ffi::monotonic_ns))
    }

    /// Returns the time of an engine; `None` if that is not counted.
    #[inline]
    pub(crate) fn engine(&self, number: usize) -> Option<&EngineTime> {
        self.engines.get(number)
    }
}

/// An engine as it works for an open file, from
/// [`Context::engine`](crate::Context::engine).
///
/// May be kept for as long as is needed, also when the file is closed.
#[derive(Clone)]
pub struct FileEngine {
    account: Arc<Account>,
    number: usize,
}

impl FileEngine {
    /// Returns engine `number` of a device as it works for `account`.
    pub(crate) fn new(account: Arc<Account>, number: usize) -> Self {
        Self { account, number }
    }

    /// Begins a piece of work on the engine, which ends when the result is dropped. How long it
    /// takes is counted as by [`Device::begin_work`](crate::Device::begin_work), and for the file.
    #[inline]
    pub fn begin_work(self) -> Work {
        Work::begin(self.account, self.number)
    }

    /// Counts a piece of work that has ended, as if begun and ended so many nanoseconds apart: for
    /// a device that says itself how long it took.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::engine::FileEngine;
    /// /// What an interrupt does if the device itself measures how long a job took.
    /// fn job_done(engine: &FileEngine, cycles: u64, cycles_per_us: u64) {
    ///     engine.count_work(cycles * 1_000 / cycles_per_us);
    /// }
    /// ```
    #[inline]
    pub fn count_work(&self, busy_ns: u64) {
        let usage = &self.account.usage;
        usage.submit();
        if let Some(time) = self.account.engine(self.number) {
            time.end(busy_ns);
        }
        usage.complete(busy_ns);
    }
}

#[cfg(CONFIG_RUST_ACCEL_KUNIT_TEST)]
#[kunit_tests(accel_engine)]
mod tests {
    use super::*;
    use kernel::sync::atomic::Relaxed;

    #[test]
    fn each_engine_for_itself_and_without_the_file() -> Result {
        let usage = Arc::new(Usage::new(), GFP_KERNEL)?;
        let account = Account::new(usage.clone(), 2)?;
        let engine = FileEngine {
            account: account.clone(),
            number: 1,
        };
        drop(engine.clone().begin_work());
        assert_eq!(account.busy_ns(0), Some(0));
        assert_eq!(account.busy_ns(1), Some(usage.busy_ns.load(Relaxed)));
        assert_eq!(account.busy_ns(2), None);
        drop(account);
        drop(engine.begin_work());
        assert_eq!(usage.completed.load(Relaxed), 2);
        Ok(())
    }

    #[test]
    fn time_that_the_device_says() -> Result {
        let usage = Arc::new(Usage::new(), GFP_KERNEL)?;
        let engine = FileEngine {
            account: Account::new(usage.clone(), 1)?,
            number: 0,
        };
        engine.count_work(7);
        engine.count_work(8);
        assert_eq!(engine.account.busy_ns(0), Some(15));
        assert_eq!(usage.busy_ns.load(Relaxed), 15);
        assert_eq!(usage.submitted.load(Relaxed), 2);
        assert_eq!(usage.completed.load(Relaxed), 2);
        Ok(())
    }
}
