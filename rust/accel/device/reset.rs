// SPDX-License-Identifier: GPL-2.0

//! Resetting a device that is in use.
//!
//! A reset begins with all work being lost, see [`halt`], and goes on when those inside the gate
//! have left. Then it has the device to itself: the driver's hook runs as the only one who reaches
//! the hardware. Users wait meanwhile, at the entrance, or in a sleep that they were in already;
//! mappings of the device are empty, and who touches one waits, too. What the driver does on its
//! own, and debug files, wait as well. Observers notice nothing, since what they may ask never
//! reaches the hardware.
//!
//! The hook is inside the gate itself, so a removal waits for it, and it for nobody: if it sleeps
//! by [`Context::wait`](crate::Context::wait), it is told at once that the device is gone. Then its
//! result is of no interest any more, since a device that is gone takes no step.
//!
//! A fault that is raised before the hook is called is mended by that. One that is raised later
//! asks for another reset.
//!
//! A reset that fails leaves the device wedged, as does an error that asks for a reset where there
//! is no hook, or where there have been too many. Only the administrator brings it back.

mod halt;
pub(crate) mod quiesce;
mod storm;

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

use super::{
    health::Fault,
    trace, //
};
use crate::{
    base::{
        gate::Guard,
        state::{
            State,
            Step, //
        },
        wait::Signals, //
    },
    device::Core,
    memory::Permission,
    sys::ffi, //
};

pub use self::storm::Limit;

pub(crate) use self::{
    halt::Halting,
    quiesce::ResetState,
    storm::ResetHistory, //
};

/// How long a call of a user waits for a reset.
#[derive(Clone, Copy)]
pub(crate) enum ResetWait {
    /// Not at all: `EAGAIN`.
    None,
    /// Until a signal arrives: `EINTR`.
    Interruptible,
    /// Until the process is killed: `EINTR`.
    Killable,
    /// Whatever signals arrive.
    Uninterruptible,
}

/// Why a device is reset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A fault asks for it.
    Fault,
    /// A user does, by way of the driver.
    User,
    /// The administrator does.
    Administrator,
    /// The bus has reset it already.
    Bus,
}

impl Cause {
    /// Returns why a reset is made that begins with `step`; `None` if none does.
    const fn of(step: Step) -> Option<Self> {
        match step {
            Step::Reset => Some(Self::Fault),
            Step::UserReset => Some(Self::User),
            Step::AdminReset => Some(Self::Administrator),
            Step::BusReset => Some(Self::Bus),
            Step::Recover | Step::Wedge | Step::ShutDown | Step::Remove => None,
        }
    }

    /// Returns the name by which those who trace know it.
    pub(crate) const fn name(self) -> &'static CStr {
        match self {
            Self::Fault => c"error",
            Self::User => c"user",
            Self::Administrator => c"administrator",
            Self::Bus => c"bus",
        }
    }
}

impl Core {
    /// Enters the gate for a call of a user, when no reset is under way. Returns `EIO` if the
    /// device is wedged, `ENODEV` if it is gone.
    #[inline(always)]
    pub(crate) fn enter_running(&self, wait: ResetWait) -> Result<Guard<'_>> {
        if !matches!(wait, ResetWait::None) {
            self.gate.might_drain();
        }
        match self.gate.enter_running() {
            Some(guard) => Ok(guard),
            None => self.enter_slowpath(wait),
        }
    }

    #[cold]
    #[inline(never)]
    fn enter_slowpath(&self, wait: ResetWait) -> Result<Guard<'_>> {
        loop {
            self.wait_for_reset(wait)?;
            // There may be another one by now.
            if let Some(guard) = self.gate.enter_running() {
                return Ok(guard);
            }
        }
    }

    /// Waits until no reset is under way. The caller must not be inside the gate. Returns `EIO` if
    /// the device is wedged, `ENODEV` if it is gone.
    pub(crate) fn wait_for_reset(&self, wait: ResetWait) -> Result {
        match self.wait_until_settled(wait)? {
            State::Wedged => Err(EIO),
            _ => Ok(()),
        }
    }

    /// Waits until no reset is under way, and returns what has come of it. Returns `ENODEV` if the
    /// device is gone.
    fn wait_until_settled(&self, wait: ResetWait) -> Result<State> {
        if !matches!(wait, ResetWait::None) {
            self.gate.might_drain();
        }
        self.wait.with_waiter(|waiter| loop {
            match self.gate.state() {
                State::Resetting => (),
                State::Gone => return Err(ENODEV),
                state => return Ok(state),
            }
            let signals = match wait {
                ResetWait::None => return Err(EAGAIN),
                ResetWait::Interruptible => Signals::All,
                ResetWait::Killable => Signals::Fatal,
                ResetWait::Uninterruptible => Signals::None,
            };
            if signals.pending() {
                return Err(EINTR);
            }
            waiter.sleep_long(signals);
        })
    }

    /// Enters the gate when no reset is under way, also if the device is wedged: for those who look
    /// at the hardware, but do not use it. Returns `ENODEV` if the device is gone, and `EIO` if it
    /// is wedged while the bus has the hardware.
    pub(crate) fn enter_unless_reset(&self, wait: ResetWait) -> Result<Guard<'_>> {
        loop {
            if let Some(guard) = self.try_enter_unless_reset() {
                return Ok(guard);
            }
            if self.wait_until_settled(wait)? == State::Wedged && self.is_quiesced() {
                return Err(EIO);
            }
        }
    }

    /// Enters the gate to close a file, when no reset is under way, also if the device is wedged.
    /// Returns `None` if it is gone.
    pub(super) fn enter_to_close(&self) -> Option<Guard<'_>> {
        self.gate.might_drain();
        loop {
            // The bus may have a device that is wedged, but nothing is done to the hardware of one.
            if let Some(guard) = self.gate.enter_unless_reset() {
                return Some(guard);
            }
            self.wait_until_settled(ResetWait::Uninterruptible).ok()?;
        }
    }

    /// Reports a fault that only a reset mends. May be called in any context.
    pub(crate) fn request_reset(&self, fault: Fault) {
        self.note(fault);
        self.health.reset_requested.store(true, Relaxed);
        self.health.queue_halt();
    }

    /// Resets the device now, because the administrator says so, who brings one back that is
    /// wedged. Returns `EOPNOTSUPP` if that is not possible, or what the driver says.
    pub(crate) fn reset_by_administrator(&self) -> Result {
        self.reset_on_request(Step::AdminReset)
    }

    /// As [`Self::reset_by_administrator`], because a user says so. The caller must not be inside
    /// the gate. Returns `EIO` if the device is wedged.
    pub(crate) fn reset_by_user(&self) -> Result {
        self.reset_on_request(Step::UserReset)
    }

    fn reset_on_request(&self, step: Step) -> Result {
        if self.health.limit.is_none() {
            return Err(EOPNOTSUPP);
        }
        // The driver is to find it awake.
        let _awake = self.wake_up()?;
        let _reset = self.lock_reset()?;
        self.halt_on_request(step)?;
        run_reset(self)
    }
}

/// Ends the work of a device if a fault asks for a reset. Called by a work item that fences depend
/// on.
pub(crate) fn halt_if_requested(core: &Core) {
    if core.halt_for_fault() {
        core.health.queue_reset();
    } else if core.gate.state() != State::Resetting {
        // No change of the state is going to tell of the fault.
        core.health.queue_announce();
    }
}

/// Does what is left to do when the work of a device has ended: resets it, or leaves it alone.
/// Called by a work item that no fence depends on.
pub(crate) fn complete_halt(core: &Core) {
    // Who wakes the device may be the first to notice that it cannot be, and is not to wait for the
    // reset lock with that.
    let awake = match core.gate.state() {
        State::Resetting => Some(core.wake_up()),
        _ => None,
    };
    let _reset = core.health.reset_lock.lock();
    match (core.gate.state(), awake) {
        // This is called again when the bus has given it back.
        (State::Resetting, _) if core.is_quiesced() => (),
        (State::Resetting, Some(Ok(_awake))) => {
            // The result is part of the state.
            let _ = run_reset(core);
        }
        (State::Resetting, Some(Err(error))) => core.wedge(Fault::power_failed(error)),
        (State::Wedged, _) => refuse_access(core),
        // Somebody else has done it, or this is called once more.
        (State::Resetting, None) | (State::Running | State::Gone, _) => (),
    }
}

/// Brings a device back whose work has ended. The caller has the reset lock, and keeps the
/// device awake.
fn run_reset(core: &Core) -> Result {
    suspend_access(core);

    core.forget_faults();
    let begin = ffi::monotonic_ns();
    let result = core
        .begin_recovery()
        .and_then(|()| core.resume_driver())
        .and_then(|()| call_driver(core));
    let duration_ns = ffi::monotonic_ns() - begin;
    trace::reset(core, core.reset_cause(), result, duration_ns);

    let recovered = result.and_then(|()| {
        // Before users are let in, who move buffers there.
        core.pool.set_permission(Permission::Granted);
        core.recover()
    });
    if recovered.is_err() {
        core.abort_recovery();
    }
    if let Err(error) = result {
        core.wedge(Fault::reset_failed(error));
    }
    if core.gate.is_closed() {
        return Err(ENODEV);
    }
    if recovered.is_err() {
        core.pool.set_permission(Permission::Refused);
    }
    core.announce();
    core.resume_work();
    recovered
}

/// Suspends the access of everybody to a device whose work has ended.
fn suspend_access(core: &Core) {
    core.announce();
    core.gate.drain(core.as_device());
    core.space.unmap_all();
    core.pool.set_permission(Permission::Suspended);
}

/// Refuses everybody access to a device that is wedged.
fn refuse_access(core: &Core) {
    core.gate.drain(core.as_device());
    core.space.unmap_all();
    core.pool.set_permission(Permission::Refused);
    // Last, as there may be many to tell.
    core.wake_pollers();
    core.announce();
    core.queue_clean_up();
}

/// Calls the driver's hook.
fn call_driver(core: &Core) -> Result {
    let call = core.enter()?;
    let hook = call.ops().features.reset.ok_or(EOPNOTSUPP)?.reset;
    // SAFETY: The function is that of the driver of the device that the call was admitted to, and
    // users are kept out.
    call.with_section(|call| unsafe { hook(call) })
}

impl Core {
    /// Does what was asked for while a reset was under way.
    fn resume_work(&self) {
        self.queue_background();
        self.queue_clean_up();
        if self.health.reset_requested.load(Relaxed) {
            self.health.queue_halt();
        }
    }
}
