// SPDX-License-Identifier: GPL-2.0

//! How a device ceases to work, be it for a reset, for good, or because it goes.
//!
//! All steps of its state are taken here, one at a time. Those with which all work ends do the same
//! in each case, in an order that is safe for whoever waits for that work:
//!
//! 1. The step is taken: newcomers are kept out, and sleepers are awake.
//! 2. The driver stops the hardware, so that it does not touch memory any more.
//! 3. All fences are signalled, with an error that says why, and so are those that are made from
//!    now on, by callers who are still inside the gate.
//!
//! Only then may whoever has taken the step wait for anybody: those inside may wait for a lock
//! whose owner waits for one of the fences.
//!
//! While the hook of a reset runs, the hardware is in its hands, and there are no fences. What has
//! taken a step meanwhile leaves the hardware alone: it is stopped when the hook has returned.

use kernel::{
    device,
    prelude::*,
    sync::atomic::Relaxed, //
};

use super::{
    quiesce::QuiesceReason,
    Cause,
    ResetHistory, //
};
use crate::{
    base::{
        fence::Signalling,
        state::{
            State,
            Step, //
        }, //
    },
    device::{
        call::Call,
        health::Fault,
        section::SectionRef,
        trace,
        Core, //
    },
    sys::{
        ffi,
        uapi::{
            self,
            flags::EventClass, //
        }, //
    }, //
};

/// Whether the hardware may work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hardware {
    /// It may.
    Working,
    /// The driver has stopped it.
    Stopped,
}

/// What is decided together with a step of the state.
pub(crate) struct Halting {
    history: ResetHistory,
    hardware: Hardware,
    /// Why the last reset was begun.
    cause: Cause,
}

impl Halting {
    pub(crate) fn new() -> Self {
        Self {
            history: ResetHistory::new(),
            hardware: Hardware::Working,
            cause: Cause::Fault,
        }
    }

    /// Has the driver of `core` stop the hardware, if it is not stopped.
    fn stop(&mut self, core: &Core) {
        if self.hardware == Hardware::Stopped {
            return;
        }
        self.hardware = Hardware::Stopped;
        // INVARIANT: A removal drains the gate when it has taken its own step, and has waited for
        // all who reset the device.
        let call = Call {
            core,
            section: SectionRef::Owned(core.gate.enter_to_stop()),
            file: None,
        };
        if let Some(fns) = call.ops().features.work {
            // SAFETY: The call was admitted to a device of this driver.
            unsafe { (fns.stop)(&call) };
        }
    }

    /// Takes a step of the state of `core` that ends all work, and returns what state there was
    /// before; `None` if it cannot be taken.
    fn halt(&mut self, core: &Core, step: Step) -> Option<State> {
        let error = step.error()?;
        let before = core.take_step(step)?;
        self.cause = Cause::of(step).unwrap_or(self.cause);
        // A reset that is under way has the hardware.
        if before != State::Resetting {
            self.stop(core);
        }
        core.fences.lose(error);
        Some(before)
    }
}

impl Core {
    /// Takes the device away from its users, for good. Returns whether it was there.
    pub(crate) fn halt_to_remove(&self) -> bool {
        let _signalling = Signalling::begin();
        let mut halting = self.health.halting.lock();
        halting.halt(self, Step::Remove).is_some()
    }

    /// Takes the device away from its users until it is reset, if a fault asks for that; or until
    /// the administrator resets it, if that is of no use. Returns whether it has done so.
    pub(super) fn halt_for_fault(&self) -> bool {
        let _signalling = Signalling::begin();
        let mut halting = self.health.halting.lock();
        // A reset that is under way looks when it is over.
        if self.gate.state() == State::Resetting {
            return false;
        }
        if !self.health.reset_requested.xchg(false, Relaxed) {
            return false;
        }
        // What the driver stops is to be awake, if it is.
        let _awake = self.hold_awake();
        let step = match self.gate.state() {
            State::Running if self.reset_may_help(&mut halting.history) => Step::Reset,
            _ => Step::Wedge,
        };
        halting.halt(self, step).is_some()
    }

    /// Returns whether a reset because of a fault may help.
    fn reset_may_help(&self, history: &mut ResetHistory) -> bool {
        let Some(limit) = self.health.limit else {
            return false;
        };
        let admitted = history.admit(ffi::monotonic_ns(), limit);
        if !admitted {
            self.note(Fault::reset_storm(limit));
        }
        admitted
    }

    /// Takes the device away from its users until it is reset, because somebody says so. Returns
    /// `ENODEV` if it is gone, and `EIO` if it is wedged, unless the administrator says so.
    pub(super) fn halt_on_request(&self, step: Step) -> Result {
        let _signalling = Signalling::begin();
        let mut halting = self.health.halting.lock();
        if step == Step::AdminReset {
            halting.history = ResetHistory::new();
        }
        // One reset is enough for all who want one until it begins.
        if self.gate.state() == State::Resetting || halting.halt(self, step).is_some() {
            return Ok(());
        }
        match self.gate.state() {
            State::Wedged => Err(EIO),
            _ => Err(ENODEV),
        }
    }

    /// Takes the device away from its users because the bus has the hardware from now on. It is
    /// reset afterwards, or wedged if that is of no use.
    pub(super) fn halt_for_bus(&self, reason: QuiesceReason) {
        let _signalling = Signalling::begin();
        let mut halting = self.health.halting.lock();
        if let QuiesceReason::Error(fault) = reason {
            self.note(fault);
        }
        let can_step = |step| self.gate.state().after(step).is_some();
        let step = match reason {
            QuiesceReason::ShutDown => Step::ShutDown,
            QuiesceReason::Reset if can_step(Step::BusReset) && self.health.limit.is_some() => {
                halting.history = ResetHistory::new();
                Step::BusReset
            }
            QuiesceReason::Error(_)
                if can_step(Step::Reset) && self.reset_may_help(&mut halting.history) =>
            {
                Step::Reset
            }
            // What there is to reset is under way, or in vain.
            _ if self.gate.state() != State::Running => return,
            QuiesceReason::Error(_) => Step::Wedge,
            QuiesceReason::Reset => {
                self.note(Fault::reset_failed(EOPNOTSUPP));
                Step::Wedge
            }
        };
        // What the driver stops is to be awake, if it is.
        let _awake = self.hold_awake();
        halting.halt(self, step);
    }

    /// Takes the device away from its users because of `fault`, unless it is wedged or gone.
    pub(crate) fn wedge(&self, fault: Fault) {
        let _signalling = Signalling::begin();
        let mut halting = self.health.halting.lock();
        if self.gate.state().after(Step::Wedge).is_some() {
            self.note(fault);
            halting.halt(self, Step::Wedge);
        }
        drop(halting);
        self.health.queue_reset();
    }

    /// Returns why the reset that is under way was begun.
    pub(super) fn reset_cause(&self) -> Cause {
        self.health.halting.lock().cause
    }

    /// Lets the hook of a reset use the hardware. Returns `ENODEV` if the reset is over.
    pub(super) fn begin_recovery(&self) -> Result {
        let mut halting = self.health.halting.lock();
        if self.gate.state() != State::Resetting {
            return Err(ENODEV);
        }
        halting.hardware = Hardware::Working;
        drop(halting);
        // The hook may wait for an interrupt.
        self.interrupts.unmask();
        Ok(())
    }

    /// Stops the hardware after the hook of a reset that was in vain.
    pub(super) fn abort_recovery(&self) {
        let _signalling = Signalling::begin();
        self.health.halting.lock().stop(self);
    }

    /// Gives the device back to its users after a reset. Returns `ENODEV` if the reset is over.
    pub(super) fn recover(&self) -> Result {
        // No other step is taken meanwhile.
        let halting = self.health.halting.lock();
        if self.gate.state() != State::Resetting {
            return Err(ENODEV);
        }
        self.fences.reopen();
        self.take_step(Step::Recover).ok_or(ENODEV)?;
        drop(halting);
        self.interrupts.wake_threads();
        Ok(())
    }

    /// Takes a step and tells everybody who can be told without memory. Returns what state there
    /// was before.
    fn take_step(&self, step: Step) -> Option<State> {
        let before = self.gate.step(step)?;
        let now = before.after(step)?;
        let after_ns = self.health.note_state(now == State::Resetting);
        let data = self.state_data(before, now);
        if step == Step::Remove {
            self.end_events(data);
        } else {
            self.health.unannounced.store(true, Relaxed);
            trace::state(self, now);
            self.send_event(EventClass::State, uapi::ACCEL_EVENT_STATE, data);
        }
        if now != State::Resetting {
            // Those who wait for the end of a reset, and those whose wait has become pointless.
            self.wait.wake_all();
            self.notify_pollers();
        }
        self.log(step, after_ns);
        Some(before)
    }

    /// Tells the administrator of a step.
    fn log(&self, step: Step, after_ns: u64) {
        let dev: &device::Device = self.as_device();
        let last = self.health.record().last;
        let (kind, code) = match &last {
            Some((fault, _)) => (fault.kind.name(), fault.code),
            None => (c"unknown", 0),
        };
        match step {
            Step::Reset => dev_info!(dev, "reset because of an error: {kind}, code {code}\n"),
            Step::UserReset => dev_info!(dev, "reset by a user\n"),
            Step::AdminReset => dev_info!(dev, "reset by the administrator\n"),
            Step::BusReset => dev_info!(dev, "reset by the bus\n"),
            Step::Recover => dev_info!(dev, "reset done in {} ms\n", after_ns / 1_000_000),
            Step::Wedge => dev_err!(dev, "wedged because of an error: {kind}, code {code}\n"),
            Step::ShutDown => dev_info!(dev, "stopped, as the system shuts down\n"),
            // The bus tells of that.
            Step::Remove => (),
        }
    }
}
