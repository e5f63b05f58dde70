// SPDX-License-Identifier: GPL-2.0

//! What an ioctl handler is given: proof that the device is bound, for as long as it is held.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    sync::Arc,
    types::ForLt, //
};

use super::device::Device;
use crate::{
    base::{
        awake::Awake,
        state::State,
        wait::{
            Deadline,
            Signals,
            WaitQueue,
            Waiters, //
        }, //
    },
    buffers::Pool,
    device::{
        call::Call,
        file::OpenFile,
        reset::ResetWait,
        Core, //
    },
    driver::{
        AccelDriver,
        Invariant, //
    }, //
};

/// The role of a file that was opened `O_RDWR`: it may do everything.
pub enum User {}

/// The role of a file that was opened `O_RDONLY`: it may look.
pub enum Observer {}

/// The role of a reset: it has the device to itself. See [`ResetOps`](crate::ResetOps).
pub enum Resetter {}

/// The role of who puts a device to sleep, or wakes it. See [`PowerOps`](crate::PowerOps).
pub enum PowerManager {}

/// What a [`Context`] stands for: [`User`], [`Observer`], [`Resetter`] or [`PowerManager`].
pub trait Role: sealed::Sealed {
    #[doc(hidden)]
    const WAITS_FOR_RESET: bool;
    /// Whether it is of no use to go on for a process that has received a signal.
    #[doc(hidden)]
    const INTERRUPTIBLE: bool;
    /// Whether anybody may take it on, so that no interrupt may depend on how many do.
    #[doc(hidden)]
    const IS_OBSERVER: bool;
}

impl Role for User {
    const WAITS_FOR_RESET: bool = true;
    const INTERRUPTIBLE: bool = true;
    const IS_OBSERVER: bool = false;
}

impl Role for Observer {
    const WAITS_FOR_RESET: bool = false;
    const INTERRUPTIBLE: bool = true;
    const IS_OBSERVER: bool = true;
}

impl Role for Resetter {
    const WAITS_FOR_RESET: bool = false;
    const INTERRUPTIBLE: bool = false;
    const IS_OBSERVER: bool = false;
}

impl Role for PowerManager {
    const WAITS_FOR_RESET: bool = false;
    const INTERRUPTIBLE: bool = false;
    const IS_OBSERVER: bool = false;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::User {}
    impl Sealed for super::Observer {}
    impl Sealed for super::Resetter {}
    impl Sealed for super::PowerManager {}
}

/// A call into the driver `T`, on behalf of a file in the role `R`.
///
/// Holding it proves that the device is bound: it keeps the device from being unbound, and it is
/// the only way to the driver's data. It is passed by value. To sleep, hand it to [`Self::wait`],
/// which gives it back if the device is still there afterwards; references into the driver's data
/// do not survive that, and the compiler sees to it.
///
/// # Examples
///
/// ```
/// use accel::prelude::*;
///
/// /// That there is a context is the proof that the device is bound.
/// fn number<T: AccelDriver>(ctx: &Context<'_, T>) -> u32 {
///     ctx.device().minor()
/// }
/// ```
#[repr(transparent)]
pub struct Context<'a, T: AccelDriver, R = User> {
    // INVARIANT: The call was admitted to a device of `T`, in the role `R` or a higher one.
    call: Call<'a>,
    _types: Invariant<(T, R)>,
}

/// How a [`Context::wait`] ended, when the device was still there.
///
/// # Examples
///
/// ```
/// use accel::prelude::*;
///
/// /// Returns whether the device has said something within a millisecond.
/// fn answers<T: AccelDriver>(ctx: Context<'_, T>, is_up: impl Fn() -> bool) -> Result<bool> {
///     let (_ctx, wake) = ctx.wait(Deadline::in_ms(1), |_| is_up().then_some(()))?;
///     match wake {
///         Wake::Ready(()) => Ok(true),
///         Wake::TimedOut => Ok(false),
///         Wake::Interrupted => Err(EINTR),
///     }
/// }
/// ```
pub enum Wake<R> {
    /// The condition gave this value.
    Ready(R),
    /// The time was over before.
    TimedOut,
    /// A signal arrived before, or the kernel has other work for the process, of which the process
    /// must not notice anything. Does not occur in the roles [`Resetter`] and [`PowerManager`].
    Interrupted,
}

impl<R> Wake<R> {
    /// Returns the value, or the error that user space gets: `ETIMEDOUT` or `EINTR`.
    pub fn ready(self) -> Result<R> {
        match self {
            Self::Ready(value) => Ok(value),
            Self::TimedOut => Err(ETIMEDOUT),
            Self::Interrupted => Err(EINTR),
        }
    }

    /// Returns the value, or how a longer wait has ended as well, of which this was a part.
    pub(super) fn or_end<V>(self) -> Result<R, Wake<V>> {
        match self {
            Self::Ready(value) => Ok(value),
            Self::TimedOut => Err(Wake::TimedOut),
            Self::Interrupted => Err(Wake::Interrupted),
        }
    }
}

impl<'a, T: AccelDriver, R> Context<'a, T, R> {
    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`, in the role `R` or a higher one.
    pub(crate) unsafe fn new(call: Call<'a>) -> Self {
        // INVARIANT: Same as the safety requirements.
        Self {
            call,
            _types: PhantomData,
        }
    }

    /// # Safety
    ///
    /// The call must have been admitted to a device of `T`, in the role `R` or a higher one.
    pub(crate) unsafe fn from_ref<'b>(call: &'b Call<'a>) -> &'b Self {
        // SAFETY: `Self` is a transparent wrapper of `Call`, with the invariant that the caller
        // guarantees.
        unsafe { &*core::ptr::from_ref(call).cast() }
    }

    /// Returns the device.
    pub fn device(&self) -> &Device<T> {
        // SAFETY: By the type invariant, this is a device of `T`.
        unsafe { Device::from_core(self.call.core) }
    }

    /// Returns the call, which is inside the gate as long as `self` is borrowed.
    pub(crate) fn call(&self) -> &Call<'a> {
        &self.call
    }

    /// Returns the untyped device, which is bound as long as `self` is borrowed.
    pub(crate) fn core(&self) -> &Core {
        self.call.core
    }

    /// Returns what buffers have of the device.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.call.core.pool
    }

    /// Returns what the driver keeps for the binding.
    pub fn data(&self) -> &<T::Data as ForLt>::Of<'_> {
        // SAFETY: The gate keeps the device from being removed while `self` is borrowed.
        unsafe { self.device().data() }
    }

    /// Keeps the device awake until the result is dropped, for what goes on when the call has
    /// returned. Returns `None` if it is asleep, as it may be in any call but one that is declared
    /// [`powered`](crate::Ioctl::powered).
    ///
    /// The system may go to sleep nevertheless: the device with it, and with all that it is doing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Awake};
    /// /// Begins a job, and returns what keeps the device awake until it is done.
    /// fn begin<T: AccelDriver>(ctx: &Context<'_, T>) -> Result<Awake> {
    ///     // The ioctl is `powered()`, so the device is awake now.
    ///     ctx.stay_awake().ok_or(EIO)
    /// }
    /// ```
    pub fn stay_awake(&self) -> Option<Awake> {
        self.core().hold_awake().map(Awake::from)
    }
}

impl<'a, T: AccelDriver, R: Role> Context<'a, T, R> {
    /// Sleeps until `condition` gives a value, a signal arrives, or the deadline has passed.
    ///
    /// The condition is checked at first, and after each [`Device::wake`]; it may lock and sleep
    /// itself. While asleep, the caller does not hold up the removal of the device: if that
    /// happens, it wakes at once and gets `ENODEV`. Nor does it hold up a reset: a user goes on
    /// when that is over, and checks the condition again; or gets `EIO` if the device is wedged,
    /// and `EINTR` if the process is killed before.
    ///
    /// A process that is stopped, frozen, traced or put to sleep with the system, or that has task
    /// work to do, is interrupted, too. If the handler returns `EINTR` then, as it must, having
    /// changed nothing, it is called again when the process goes on: see
    /// [`Deadline::restartable`].
    ///
    /// With an error, the context is lost: what the caller has left in the driver's data stays.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::prelude::*;
    /// use kernel::sync::atomic::{Atomic, Relaxed};
    ///
    /// /// Sleeps until the device has finished `job`, a second at most.
    /// fn wait_for<T: AccelDriver>(
    ///     ctx: Context<'_, T>,
    ///     finished: &Atomic<u32>,
    ///     job: u32,
    /// ) -> Result {
    ///     let (_ctx, wake) = ctx.wait(Deadline::in_ms(1_000), |_| {
    ///         (finished.load(Relaxed) >= job).then_some(())
    ///     })?;
    ///     wake.ready()
    /// }
    /// ```
    pub fn wait<V>(
        self,
        deadline: Deadline,
        condition: impl FnMut(&Self) -> Option<V>,
    ) -> Result<(Self, Wake<V>)> {
        let core: &'a Core = self.call.core;
        let queue = match R::IS_OBSERVER {
            true => &core.wait.observers,
            false => &core.wait.callers,
        };
        self.wait_in_queue(queue, deadline, condition)
    }

    /// As [`Self::wait`], in `queue`.
    pub(crate) fn wait_in_queue<V>(
        mut self,
        queue: &WaitQueue,
        deadline: Deadline,
        mut condition: impl FnMut(&Self) -> Option<V>,
    ) -> Result<(Self, Wake<V>)> {
        let core: &'a Core = self.call.core;
        let signals = if R::INTERRUPTIBLE {
            Signals::All
        } else {
            Signals::None
        };
        core.wait.with_waiter_in(queue, |waiter| {
            // What has become of the device since the call was admitted did not wake this waiter.
            if core.gate.state() != State::Running {
                self = self.sleep_outside_gate(|| ())?;
            }
            loop {
                if let Some(value) = condition(&self) {
                    return Ok((self, Wake::Ready(value)));
                }
                // By the clock: who is woken all the time hardly sleeps.
                let left = deadline.left();
                if left == 0 {
                    return Ok((self, Wake::TimedOut));
                }
                if signals.pending() {
                    return Ok((self, Wake::Interrupted));
                }

                self = self.sleep_outside_gate(|| {
                    waiter.sleep(signals, left);
                })?;
            }
        })
    }

    /// Calls `f`, which sleeps until it is woken or its time has passed, outside of the gate.
    ///
    /// Nothing may be called here that takes as long as user space pleases: the driver's module
    /// cannot go before its code has been left.
    fn sleep_outside_gate(self, f: impl FnOnce()) -> Result<Self> {
        let Call {
            core,
            section,
            file,
        } = self.call;
        let sleeper = section.leave();
        f();
        let guard = if R::WAITS_FOR_RESET {
            core.enter_running(ResetWait::Killable)?
        } else {
            core.gate.enter().ok_or(ENODEV)?
        };
        let section = sleeper.reenter(guard);

        // INVARIANT: A device that was not removed meanwhile is still of `T`, and its files still
        // have their state.
        let call = Call {
            core,
            section,
            file,
        };
        Ok(Self {
            call,
            _types: PhantomData,
        })
    }
}

impl<T: AccelDriver> Context<'_, T, User> {
    /// As [`Self::wait`], but the condition is checked after each [`Waiters::wake`] of `waiters`,
    /// rather than after each [`Device::wake`].
    ///
    /// A queue in the driver's data does not survive that; so clone it before.
    ///
    /// # Examples
    ///
    /// ```
    /// # use accel::{prelude::*, Waiters};
    /// use kernel::sync::atomic::{Atomic, Relaxed};
    ///
    /// fn wait_for<T: AccelDriver>(
    ///     ctx: Context<'_, T>,
    ///     done: &Waiters,
    ///     is_done: &Atomic<u32>,
    /// ) -> Result {
    ///     let (_ctx, wake) = ctx.wait_in(done, Deadline::in_ms(1_000), |_| {
    ///         (is_done.load(Relaxed) != 0).then_some(())
    ///     })?;
    ///     wake.ready()
    /// }
    /// ```
    pub fn wait_in<V>(
        self,
        waiters: &Waiters,
        deadline: Deadline,
        condition: impl FnMut(&Self) -> Option<V>,
    ) -> Result<(Self, Wake<V>)> {
        self.wait_in_queue(waiters.queue(), deadline, condition)
    }

    /// Calls `f`, which waits for a reset of the device, outside of the gate. Returns what `f` does
    /// if that is an error; `EIO` if the device is wedged then, and `ENODEV` if it is gone.
    pub(crate) fn reset_by(self, f: impl FnOnce(&Core) -> Result) -> Result<Self> {
        let core = self.call.core;
        let mut result = Ok(());
        let ctx = self.sleep_outside_gate(|| result = f(core));
        // Why the reset has failed says more than what the device is since.
        result.and(ctx)
    }

    /// Returns the calling file, which there is.
    pub(crate) fn open_file(&self) -> Option<&OpenFile> {
        self.call.file
    }
}
