// SPDX-License-Identifier: GPL-2.0

//! What the "edu" device computes: one factorial at a time.

use accel::{
    engine::EngineId,
    prelude::*,
    Work, //
};
use kernel::io::Io;

use crate::{
    edu_registers::{
        FACTORIAL,
        STATUS, //
    },
    edu_uapi,
    Edu,
    EduData, //
};

/// What computes: its row in the table of engines.
const ENGINE: EngineId<Edu> = EngineId::row::<0>();

/// The largest argument whose factorial fits 32 bits.
const MAX_N: u32 = 12;

/// What the device computes. It does one computation at a time.
pub(crate) struct Job {
    /// The number of the last computation, which its caller knows it by.
    number: u64,
    state: State,
}

/// What has become of the last computation.
enum State {
    /// It is over, or was lost by a reset.
    None,
    /// The device has not finished yet.
    Running(Work),
    /// Nor has it here, but nobody waits any more.
    GivenUp(#[expect(dead_code, reason = "watched until it is dropped")] Work),
    /// It has, with this result.
    Done(u32),
}

impl Job {
    pub(crate) const fn new() -> Self {
        Self {
            number: 0,
            state: State::None,
        }
    }

    /// Loses it, as the device was reset. Its caller may have gone before, because the device was
    /// wedged or the process killed, and so is not waited for.
    pub(crate) fn lose(&mut self) {
        self.state = State::None;
    }
}

impl EduData<'_> {
    /// Starts to compute n!, and returns the number of that, or `None` while the device is in use.
    fn start(&self, ctx: &Context<'_, Edu>, n: u32) -> Option<Result<u64>> {
        let mut job = self.job.lock();
        let is_free = matches!(job.state, State::None | State::GivenUp(_));
        if !is_free || self.bar.read(STATUS).busy() {
            return None;
        }
        let engine = ctx.engine(ENGINE);
        match engine.begin_work_within(ctx.device(), self.watchdog.ms()) {
            Ok(work) => job.state = State::Running(work),
            Err(e) => return Some(Err(e)),
        }
        job.number += 1;
        self.bar.write_reg(FACTORIAL::zeroed().with_value(n));
        Some(Ok(job.number))
    }

    /// Returns the result once there is one, or `ECANCELED` if there will be none.
    fn result(&self, number: u64) -> Option<Result<u32>> {
        let job = self.job.lock();
        match job.state {
            State::Running(_) if job.number == number => None,
            State::Done(result) if job.number == number => Some(Ok(result)),
            _ => Some(Err(ECANCELED)),
        }
    }

    /// Takes note that the device has finished something, and tells who waits for it.
    pub(crate) fn complete(&self, device: &Device<Edu>) {
        let mut job = self.job.lock();
        // If it is busy, the interrupt was for something before.
        if self.bar.read(STATUS).busy() {
            return;
        }
        match job.state {
            State::Running(_) => {
                job.state = State::Done(self.bar.read(FACTORIAL).value().into());
                self.done.wake();
            }
            // The next one can begin.
            State::GivenUp(_) => {
                job.state = State::None;
                device.wake();
            }
            _ => (),
        }
    }

    /// Lets the next one try, whether the computation is finished or given up.
    fn finish(&self, number: u64) {
        let mut job = self.job.lock();
        if job.number != number {
            return;
        }
        job.state = match core::mem::replace(&mut job.state, State::None) {
            // If it never ends, it is the watchdog that finds out.
            State::Running(work) if self.bar.read(STATUS).busy() => State::GivenUp(work),
            _ => State::None,
        };
    }
}

/// Lets the device compute n!.
fn compute(ctx: Context<'_, Edu>, n: u32, deadline: Deadline) -> Result<u32> {
    let (ctx, started) = ctx.wait(deadline, |ctx| ctx.data().start(ctx, n))?;
    let number = started.ready()??;
    let done = ctx.data().done.clone();
    let (ctx, result) = ctx.wait_in(&done, deadline, |ctx| ctx.data().result(number))?;
    ctx.data().finish(number);
    ctx.device().wake();
    result.ready()?
}

/// Handles `ACCEL_EDU_IOC_FACTORIAL`.
pub(crate) fn factorial(ctx: Context<'_, Edu>, args: &mut edu_uapi::Factorial) -> Result {
    if args.n > MAX_N || args.result != 0 {
        return Err(EINVAL);
    }
    let timeout_ms = edu_uapi::timeout(args.timeout_ms);
    args.result = Deadline::restartable(timeout_ms, &mut args.deadline_ns, |deadline| {
        compute(ctx, args.n, deadline)
    })?;
    Ok(())
}
