// SPDX-License-Identifier: GPL-2.0

//! Lending the hardware to its bus, which is about to reset it, or has found an error of it.
//!
//! From then on, until the bus gives it back, nobody reaches the hardware: users are kept out and
//! those inside have left, the driver has stopped it, its interrupts are silenced, and no hook of
//! the driver is called, neither for a reset nor for power. Then the device is reset as for any
//! other reason, since the bus does no more than to reset what it knows of.
//!
//! Whatever the bus calls, it calls with the lock of the device on the bus. The order of locks is
//! that of a removal, which has that lock, too: the lock of the device on the bus, the turn to
//! reset the accelerator, the state. So nobody who has the turn, or is inside the gate, may take
//! the lock of a device on a bus; lockdep does not check that, as it takes no notice of these
//! locks. A reset by the administrator does not hold it: it waits for the bus before it takes its
//! turn, and a removal ends that wait.
//!
//! Between what the bus calls it may give up the lock, and the device may be removed, with the
//! hardware lent as it is: it is not woken, nor stopped again, and never comes back.
//!
//! When the system shuts down, the hardware is lent for good.

#![cfg_attr(
    not(CONFIG_PCI),
    allow(dead_code, reason = "no other bus resets its devices")
)]

use kernel::{
    prelude::*,
    sync::{
        atomic::Relaxed,
        MutexGuard, //
    }, //
};

use super::{
    clear_out,
    leave_alone,
    Cause, //
};
use crate::{
    base::{
        awake::Awake,
        gate::Guard,
        state::State,
        wait::Signals, //
    },
    device::{
        health::{
            Fault,
            FaultKind, //
        },
        Core, //
    }, //
};

/// Why the hardware is lent.
#[derive(Clone, Copy)]
pub(crate) enum Loan {
    /// Somebody has the bus reset it.
    Reset,
    /// The bus has found an error.
    Error(Fault),
    /// The system shuts down.
    ShutDown,
}

/// The way to a device on a bus, after an error: the code of `ACCEL_ERROR_BUS`.
#[derive(Clone, Copy)]
pub(crate) enum Channel {
    /// Works as before.
    Working = 1,
    /// Works again once the bus has been reset.
    Frozen = 2,
    /// Does not come back.
    Lost = 3,
}

impl Fault {
    /// The bus has found an error.
    pub(crate) fn bus(channel: Channel) -> Self {
        Self {
            kind: FaultKind::Bus,
            code: channel as u64,
        }
    }
}

/// What belongs to whoever has the turn to reset a device.
pub(crate) struct Turn {
    /// Why the next reset is made, unless it is because of a fault.
    cause: Option<Cause>,
    /// Keeps a device that is lent awake.
    awake: Option<Awake>,
    /// The hardware is lent for good.
    for_good: bool,
}

impl Turn {
    pub(crate) const fn new() -> Self {
        Self {
            cause: None,
            awake: None,
            for_good: false,
        }
    }

    /// Returns why a reset is made that was not asked for by the administrator.
    pub(super) fn take_cause(&mut self) -> Cause {
        self.cause.take().unwrap_or(Cause::Fault)
    }
}

impl Core {
    /// Lends the hardware to its bus, until [`Self::take_back_from_bus`]. When this returns, nobody
    /// reaches it, and it touches no memory. If it is lent already, it stays so.
    ///
    /// To be called with the lock of the device on the bus. Waits for the hook of a reset that is
    /// under way, and for those inside the gate, but not for user space. The device may be asleep;
    /// then it is not woken.
    pub(crate) fn lend_to_bus(&self, loan: Loan) {
        let mut turn = self.health.turn.lock();
        if turn.for_good {
            return;
        }
        match loan {
            Loan::Reset => turn.cause = Some(Cause::Bus),
            Loan::Error(_) => (),
            Loan::ShutDown => turn.for_good = true,
        }
        self.halt_for_bus(loan);
        let is_first = !self.health.lent.xchg(true, Relaxed);
        if is_first {
            // Those who wake the device wait for the same lock of the power management, and so see
            // that it is lent; who has begun before is waited for.
            turn.awake = self.keep_bus_awake();
        }
        match self.gate.state() {
            State::Wedged => leave_alone(self),
            _ => clear_out(self),
        }
        if is_first {
            // Last, so that what the hardware has raised until it was stopped is lowered.
            self.interrupts.silence();
        }
    }

    /// Takes the hardware back, and has it be reset soon, unless it is wedged. May be called if it
    /// is not lent; has no effect if it is lent for good.
    pub(crate) fn take_back_from_bus(&self) {
        let mut turn = self.health.turn.lock();
        if turn.for_good || !self.health.lent.xchg(false, Relaxed) {
            return;
        }
        self.interrupts.restore();
        self.health.queue_settle();
        let awake = turn.awake.take();
        drop(turn);
        drop(awake);
        self.wait.wake_all();
    }

    /// Takes the hardware back, which the bus says is lost.
    pub(crate) fn lose_to_bus(&self) {
        self.give_up(Fault::bus(Channel::Lost));
        self.take_back_from_bus();
    }

    /// Returns whether the bus has the hardware.
    pub(crate) fn is_lent(&self) -> bool {
        self.health.lent.load(Relaxed)
    }

    /// Enters the gate for what reaches the hardware, but does not use it: unless a reset is under
    /// way, the bus has the hardware, or the device is gone.
    pub(crate) fn enter_to_look(&self) -> Option<Guard<'_>> {
        let guard = self.gate.enter_unless_reset()?;
        // If this misses it, the grace period of the drain that follows waits.
        (!self.is_lent()).then_some(guard)
    }

    /// Takes the turn to reset the device, once the bus has given it back. Returns `ENODEV` if it
    /// goes, and `EINTR` if the process is killed.
    pub(super) fn take_turn(&self) -> Result<MutexGuard<'_, Turn>> {
        self.gate.might_drain();
        loop {
            self.wait_for_bus()?;
            let turn = self.health.turn.lock();
            if !self.is_lent() {
                return Ok(turn);
            }
        }
    }

    fn wait_for_bus(&self) -> Result {
        self.wait.with_waiter(|waiter| loop {
            if self.gate.is_closed() {
                return Err(ENODEV);
            }
            if !self.is_lent() {
                return Ok(());
            }
            if Signals::Fatal.pending() {
                return Err(EINTR);
            }
            waiter.sleep_long(Signals::Fatal);
        })
    }
}
