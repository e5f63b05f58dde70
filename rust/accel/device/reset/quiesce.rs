// SPDX-License-Identifier: GPL-2.0

//! Quiescing the hardware for its bus, which is about to reset it, or has found an error of it.
//!
//! From then on, until the bus is done, nobody reaches the hardware: users are kept out and those
//! inside have left, the driver has stopped it, its interrupts are silenced, and no hook of the
//! driver is called, neither for a reset nor for power. Then the device is reset as for any
//! other reason, since the bus does no more than to reset what it knows of.
//!
//! Whatever the bus calls, it calls with the lock of the device on the bus. The order of locks is
//! that of a removal, which has that lock, too: the lock of the device on the bus, the reset lock
//! of the accelerator, the state. So nobody who has the reset lock, or is inside the gate, may take
//! the lock of a device on a bus; lockdep does not check that, as it takes no notice of these
//! locks. A reset by the administrator does not hold it: it waits for the bus before it takes the
//! reset lock, and a removal ends that wait.
//!
//! Between what the bus calls it may give up the lock, and the device may be removed, with the
//! hardware quiesced as it is: it is not woken, nor stopped again, and never comes back.
//!
//! When the system shuts down, the hardware is quiesced for good.

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
    refuse_access,
    suspend_access, //
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

/// Why the hardware is quiesced.
#[derive(Clone, Copy)]
pub(crate) enum QuiesceReason {
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

/// What the reset lock of a device protects.
pub(crate) struct ResetState {
    /// Keeps a device that is quiesced awake.
    awake: Option<Awake>,
    /// The hardware is quiesced for good.
    is_permanent: bool,
}

impl ResetState {
    pub(crate) const fn new() -> Self {
        Self {
            awake: None,
            is_permanent: false,
        }
    }
}

impl Core {
    /// Quiesces the hardware for its bus, until [`Self::resume_for_bus`]. When this returns, nobody
    /// reaches it, and it touches no memory. If it is quiesced already, it stays so.
    ///
    /// To be called with the lock of the device on the bus. Waits for the hook of a reset that is
    /// under way, and for those inside the gate, but not for user space. The device may be asleep;
    /// then it is not woken.
    pub(crate) fn quiesce_for_bus(&self, reason: QuiesceReason) {
        let mut reset = self.health.reset_lock.lock();
        if reset.is_permanent {
            return;
        }
        reset.is_permanent = matches!(reason, QuiesceReason::ShutDown);
        self.halt_for_bus(reason);
        let is_first = !self.health.quiesced.xchg(true, Relaxed);
        if is_first {
            // Those who wake the device wait for the same lock of the power management, and so see
            // that it is quiesced; who has begun before is waited for.
            reset.awake = self.keep_bus_awake();
        }
        match self.gate.state() {
            State::Wedged => refuse_access(self),
            _ => suspend_access(self),
        }
        if is_first {
            // Last, so that what the hardware has raised until it was stopped is lowered.
            self.interrupts.silence();
        }
    }

    /// Resumes the hardware: has it be reset soon, unless it is wedged. May be called if it is not
    /// quiesced; has no effect if it is quiesced for good.
    pub(crate) fn resume_for_bus(&self) {
        let mut reset = self.health.reset_lock.lock();
        if reset.is_permanent || !self.health.quiesced.xchg(false, Relaxed) {
            return;
        }
        self.interrupts.restore();
        self.health.queue_reset();
        let awake = reset.awake.take();
        drop(reset);
        drop(awake);
        self.wait.wake_all();
    }

    /// Gives up the hardware, which the bus says is lost.
    pub(crate) fn fail_for_bus(&self) {
        self.wedge(Fault::bus(Channel::Lost));
        self.resume_for_bus();
    }

    /// Returns whether the hardware is quiesced for the bus.
    pub(crate) fn is_quiesced(&self) -> bool {
        self.health.quiesced.load(Relaxed)
    }

    /// Enters the gate for what reaches the hardware, but does not use it: unless a reset is under
    /// way, the bus has the hardware, or the device is gone.
    pub(crate) fn try_enter_unless_reset(&self) -> Option<Guard<'_>> {
        let guard = self.gate.enter_unless_reset()?;
        // If this misses it, the grace period of the drain that follows waits.
        (!self.is_quiesced()).then_some(guard)
    }

    /// Takes the reset lock, once the hardware is not quiesced. Returns `ENODEV` if the device
    /// goes, and `EINTR` if the process is killed.
    pub(super) fn lock_reset(&self) -> Result<MutexGuard<'_, ResetState>> {
        self.gate.might_drain();
        loop {
            self.wait_for_bus()?;
            let reset = self.health.reset_lock.lock();
            if !self.is_quiesced() {
                return Ok(reset);
            }
        }
    }

    fn wait_for_bus(&self) -> Result {
        self.wait.with_waiter(|waiter| loop {
            if self.gate.is_closed() {
                return Err(ENODEV);
            }
            if !self.is_quiesced() {
                return Ok(());
            }
            if Signals::Fatal.pending() {
                return Err(EINTR);
            }
            waiter.sleep_long(Signals::Fatal);
        })
    }
}
