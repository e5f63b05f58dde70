// SPDX-License-Identifier: GPL-2.0

//! Resetting a device that is in use.
//!
//! A reset begins with a step of the state, which keeps users out of the gate, and goes on when
//! those inside have left. Then it has the device to itself: the driver's hook runs as the only
//! one who reaches the hardware. Users wait meanwhile, at the entrance, or in a sleep that they
//! were in already; mappings of the device are empty, and who touches one waits, too. Observers
//! notice nothing, since what they may ask never reaches the hardware.
//!
//! The hook is inside the gate itself, so a removal waits for it, and it for nobody: if it sleeps
//! by [`Context::wait`], it is told at once that the device is gone. Then its result is of no
//! interest any more, since a device that is gone takes no step.
//!
//! A reset that fails leaves the device wedged, as does an error that asks for a reset where there
//! is no hook, or where there have been too many. Only the administrator brings it back.

mod storm;

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use pin_init::stack_pin_init;

use crate::{
    buffer::Permission,
    context::{
        Call,
        Context,
        Resetter, //
    },
    device::{
        Core,
        Device, //
    },
    driver::{
        AccelDriver,
        Invariant, //
    },
    ffi,
    gate::Guard,
    health::Fault,
    state::{
        State,
        Step, //
    },
    trace,
    uapi,
    visit::Pass, //
    wait::Signals,
};

pub(crate) use self::storm::{
    Limit,
    Storm, //
};

type Hook<T> = for<'a> fn(Context<'a, T, Resetter>) -> Result;

/// How the driver `T` resets its devices.
pub struct Reset<T: AccelDriver> {
    pub(crate) hook: Option<Hook<T>>,
    pub(crate) limit: Limit,
    _driver: Invariant<T>,
}

impl<T: AccelDriver> Reset<T> {
    /// It cannot: an error that asks for a reset leaves a device wedged.
    pub const fn none() -> Self {
        Self {
            hook: None,
            limit: Limit::new(5, 60),
            _driver: PhantomData,
        }
    }

    /// It calls `hook`, in a thread of the kernel. If that succeeds, the device takes work again.
    ///
    /// Meanwhile no call of a user is inside the driver. Those that sleep in [`Context::wait`]
    /// check their condition again afterwards: it has to tell them that their work is lost. Calls
    /// of observers, interrupts, and the opening and closing of files go on.
    ///
    /// More than 5 resets in a minute, because of errors, leave a device wedged.
    pub const fn by(hook: Hook<T>) -> Self {
        Self {
            hook: Some(hook),
            ..Self::none()
        }
    }

    /// Says how many resets there may be, 1 to 16, in how many seconds.
    pub const fn at_most(mut self, resets: u32, seconds: u32) -> Self {
        self.limit = Limit::new(resets, seconds);
        self
    }
}

/// How long a call of a user waits for a reset.
#[derive(Clone, Copy)]
pub(crate) enum Patience {
    /// Not at all: `EAGAIN`.
    None,
    /// Until a signal arrives: `EINTR`.
    Interruptible,
    /// Until the process is killed: `EINTR`.
    Killable,
}

/// Why a device is reset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A fault asks for it.
    Fault,
    /// The administrator does.
    Administrator,
}

impl Cause {
    /// Returns the name by which those who trace know it.
    pub(crate) const fn name(self) -> &'static CStr {
        match self {
            Self::Fault => c"error",
            Self::Administrator => c"administrator",
        }
    }
}

impl Core {
    /// Enters the gate for a call of a user, when no reset is under way. Returns `EIO` if the
    /// device is wedged, `ENODEV` if it is gone.
    #[inline(always)]
    pub(crate) fn enter_running(&self, patience: Patience) -> Result<Guard<'_>> {
        match self.gate.enter_running() {
            Some(guard) => Ok(guard),
            None => self.enter_later(patience),
        }
    }

    #[cold]
    #[inline(never)]
    fn enter_later(&self, patience: Patience) -> Result<Guard<'_>> {
        loop {
            self.wait_for_reset(patience)?;
            // There may be another one by now.
            if let Some(guard) = self.gate.enter_running() {
                return Ok(guard);
            }
        }
    }

    /// Waits until no reset is under way. The caller must not be inside the gate.
    pub(crate) fn wait_for_reset(&self, patience: Patience) -> Result {
        stack_pin_init!(let waiter = self.wait.waiter());
        loop {
            match self.gate.state() {
                State::Running => return Ok(()),
                State::Wedged => return Err(EIO),
                State::Gone => return Err(ENODEV),
                State::Resetting => (),
            }
            let signals = match patience {
                Patience::None => return Err(EAGAIN),
                Patience::Interruptible => Signals::All,
                Patience::Killable => Signals::Fatal,
            };
            if signals.pending() {
                return Err(EINTR);
            }
            waiter.as_ref().sleep_long(signals);
        }
    }

    /// Reports a fault that only a reset mends. May be called in any context.
    pub(crate) fn want_reset(&self, fault: Fault) {
        // One that is raised during a reset is part of what that is to mend.
        if self.gate.state() == State::Running {
            self.health.wanted.store(true, Relaxed);
        }
        self.report(fault);
    }

    /// Resets the device now, because the administrator says so. Returns `EOPNOTSUPP` if that is
    /// not possible, or what the driver says.
    pub(crate) fn reset_by_administrator(&self) -> Result {
        if self.health.limit.is_none() {
            return Err(EOPNOTSUPP);
        }
        reset(self, Cause::Administrator)
    }

    /// Takes a step and tells everybody who has to know. Returns whether it could be taken. The
    /// device must not be deleted meanwhile.
    pub(crate) fn change_state(&self, step: Step) -> bool {
        let changed = self.take_step(step);
        if changed {
            self.announce();
        }
        changed
    }

    /// As [`Self::change_state`], but for the uevent: that of a fault is to follow.
    pub(crate) fn take_step(&self, step: Step) -> bool {
        let Some(before) = self.gate.step(step) else {
            return false;
        };
        let now = before.after(step).unwrap_or(before);
        trace::state(self, now);
        self.health.note_state(now == State::Resetting);
        let data = self.state_data(before, now);
        self.events
            .send(uapi::ACCEL_EVENT_CLASS_STATE, uapi::ACCEL_EVENT_STATE, data);
        if now != State::Resetting {
            // Those who wait for the end of a reset, and those whose wait has become pointless.
            self.wait.wake_all();
        }
        true
    }
}

/// Resets the device if that is wanted. Called by the work item of the device.
pub(crate) fn run(core: &Core) {
    if core.health.wanted.load(Relaxed) {
        // The result is part of the state.
        let _ = reset(core, Cause::Fault);
    }
}

/// Resets the device. Must only be called while the device is there, or is just being removed.
fn reset(core: &Core, cause: Cause) -> Result {
    let mut storm = core.health.turn.lock();
    // One reset is enough for all who want one until it begins.
    if !core.health.wanted.xchg(false, Relaxed) && cause == Cause::Fault {
        return Ok(());
    }

    // The driver is to find it awake.
    let _awake = core.wake_up()?;
    let step = match (cause, core.gate.state()) {
        (Cause::Administrator, _) => {
            *storm = Storm::new();
            Step::Revive
        }
        (Cause::Fault, State::Running) if is_useful(core, &mut storm) => Step::Reset,
        (Cause::Fault, State::Running) => Step::GiveUp,
        // What was asked for is beside the point.
        (Cause::Fault, _) => return Err(EIO),
    };
    if !core.change_state(step) {
        return Err(ENODEV);
    }
    core.gate.drain();
    core.space.unmap_all();
    if step == Step::GiveUp {
        core.pool.set_permission(Permission::Refused);
        return Err(EIO);
    }
    core.pool.set_permission(Permission::Suspended);

    let begin = ffi::monotonic_ns();
    let result = core.rouse().and_then(|()| call_driver(core));
    trace::reset(core, cause, result, ffi::monotonic_ns() - begin);
    // What asked for a reset meanwhile has got it.
    core.health.wanted.store(false, Relaxed);
    core.health.deadlines.forget();
    let step = match result {
        Ok(()) => Step::Recover,
        Err(_) => Step::GiveUp,
    };
    if let Err(error) = result {
        if core.gate.state() != State::Gone {
            core.report(Fault::reset_failed(error));
        }
    }
    if !core.change_state(step) {
        return Err(ENODEV);
    }
    core.pool.set_permission(match result {
        Ok(()) => Permission::Granted,
        Err(_) => Permission::Refused,
    });
    result
}

/// Returns whether a reset because of a fault may help.
fn is_useful(core: &Core, storm: &mut Storm) -> bool {
    let Some(limit) = core.health.limit else {
        return false;
    };
    let admitted = storm.admit(ffi::monotonic_ns(), limit);
    if !admitted {
        core.report(Fault::reset_storm(limit));
    }
    admitted
}

/// Calls the driver's hook.
fn call_driver(core: &Core) -> Result {
    let call = Call {
        core,
        pass: Pass::Own(core.gate.enter().ok_or(ENODEV)?),
        file: None,
    };
    // SAFETY: The call is inside the gate.
    let hook = unsafe { core.ops() }.reset;
    // SAFETY: The operation is that of the driver of the device that the call was admitted to, and
    // users are kept out.
    call.lend(|call| unsafe { hook(call) })
}

impl<T: AccelDriver> Device<T> {
    /// Reports an error that only a reset mends, see [`AccelDriver::RESET`]. Returns at once; the
    /// reset is made soon, by a thread of the kernel.
    ///
    /// May be called in any context. While a reset is under way, or if the device is wedged, the
    /// error is only counted.
    pub fn reset(&self, fault: Fault) {
        self.core().want_reset(fault);
    }
}
