// SPDX-License-Identifier: GPL-2.0

//! What becomes of what a context does: jobs that are done, records that cannot be, and contexts
//! that hang or have halted.

use accel::{
    prelude::*,
    Fault, //
};
use kernel::{
    io::{
        register::Array,
        Io, //
    },
    sync::atomic::Relaxed,
    time::Msecs, //
};

use crate::{
    health::Health,
    hwctx::{
        HwContext,
        Mode,
        State, //
    },
    registers::{
        Registers,
        CTX_HALTED,
        CTX_STATUS,
        HALT_DEVICE, //
    },
    ring::Oddity,
    uapi::{
        ACCEL_NPU_ERROR_CONTEXT_HALTED,
        ACCEL_NPU_ERROR_CONTEXT_HUNG,
        ACCEL_NPU_ERROR_RECORD_TWICE,
        ACCEL_NPU_ERROR_RECORD_WRONG,
        ACCEL_NPU_ERROR_RESET_HUNG,
        ACCEL_NPU_EVENT_RESET, //
    },
    Npu, //
};

impl HwContext {
    /// Looks what the device has done. Called in interrupts.
    pub(crate) fn serve(&self, dev: &Device<Npu>, bar: &Registers<'_>, health: &Health) -> bool {
        let mut state = self.state.lock();
        if let Mode::User(user, _) = &state.mode {
            user.pollers.wake();
            self.waiters.wake();
        }
        if !matches!(state.mode, Mode::Driver) {
            return false;
        }
        let mut has_collected = false;
        while let Some(record) = state.ring.collect() {
            match record {
                Ok(()) => has_collected = true,
                Err(Oddity::Twice) => {
                    health.records_twice.add(1, Relaxed);
                    dev.report(Fault::hardware(ACCEL_NPU_ERROR_RECORD_TWICE));
                }
                Err(Oddity::Wrong) => {
                    let fault = Fault::hardware(ACCEL_NPU_ERROR_RECORD_WRONG);
                    self.fail(&mut state, dev, bar, health, EBADMSG, fault);
                    break;
                }
            }
        }
        has_collected
    }

    /// Takes note that the context has halted. Called in interrupts.
    pub(crate) fn halted(&self, dev: &Device<Npu>, bar: &Registers<'_>, health: &Health) {
        let mut state = self.state.lock();
        let status = bar.read(CTX_STATUS::at(self.id().get()));
        if status.state().get() != CTX_HALTED || status.error().get() == HALT_DEVICE {
            return;
        }
        // A process that has the ring may have given any doorbell.
        if matches!(state.mode, Mode::Driver) {
            let fault = Fault::hardware(ACCEL_NPU_ERROR_CONTEXT_HALTED);
            self.fail(&mut state, dev, bar, health, EIO, fault);
        }
    }

    /// Gives the device what waits for nothing any more, and sees to it that what it does comes to
    /// an end. Returns how many milliseconds that may take.
    pub(crate) fn watch(
        &self,
        dev: &Device<Npu>,
        bar: &Registers<'_>,
        health: &Health,
    ) -> Option<Msecs> {
        let mut state = self.state.lock();
        if !matches!(state.mode, Mode::Driver) {
            return None;
        }
        self.give(&mut state, dev, bar);
        let left = state.ring.left_ms()?;
        if left == 0 {
            let fault = Fault::timeout(ACCEL_NPU_ERROR_CONTEXT_HUNG);
            self.fail(&mut state, dev, bar, health, ETIMEDOUT, fault);
        }
        Some(left)
    }

    /// Resets the context, with the jobs that it has, and enables it again; or has the function
    /// reset, if that fails.
    fn fail(
        &self,
        state: &mut State,
        dev: &Device<Npu>,
        bar: &Registers<'_>,
        health: &Health,
        error: Error,
        fault: Fault,
    ) {
        if !dev.is_running() {
            return;
        }
        if !bar.reset_context(self.id()) {
            dev.reset(Fault::hardware(ACCEL_NPU_ERROR_RESET_HUNG));
            return;
        }
        state.ring.fail(error);
        state.ring.restart();
        self.enable(bar, state);
        health.context_resets.add(1, Relaxed);
        dev.report(fault);
        let id = self.id().get() as u64;
        let errno = u64::from(error.to_errno().unsigned_abs());
        dev.send_event(ACCEL_NPU_EVENT_RESET, [id, errno, 0]);
    }
}
