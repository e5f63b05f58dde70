// SPDX-License-Identifier: GPL-2.0

//! What the "edu" device computes: one factorial at a time.

use accel::{
    engine::EngineId,
    prelude::*,
    Work, //
};
use kernel::io::Io;

use crate::{
    edu_uapi,
    Edu,
    EduData,
    FACTORIAL,
    STATUS, //
};

/// What computes: its row in the table of engines.
const ENGINE: EngineId<Edu> = EngineId::row::<0>();

/// The largest argument whose factorial fits 32 bits.
const MAX_N: u32 = 12;

/// The computation that somebody waits for. The device does one at a time.
pub(crate) enum Job {
    None,
    /// The device has not finished yet.
    Running(Work),
    /// Nor has it here, but nobody waits any more.
    GivenUp(#[expect(dead_code, reason = "watched until it is dropped")] Work),
    /// It has, with this result.
    Done(u32),
    /// It was reset before.
    Lost,
}

impl EduData<'_> {
    /// Starts to compute n!, or returns `None` while the device is in use.
    fn start(&self, ctx: &Context<'_, Edu>, n: u32) -> Option<Result> {
        let mut job = self.job.lock();
        if !matches!(*job, Job::None | Job::GivenUp(_)) || self.bar.read(STATUS).busy() {
            return None;
        }
        let engine = ctx.engine(ENGINE);
        match engine.begin_work_within(ctx.device(), self.watchdog.ms()) {
            Ok(work) => *job = Job::Running(work),
            Err(e) => return Some(Err(e)),
        }
        self.bar.write_reg(FACTORIAL::zeroed().with_value(n));
        Some(Ok(()))
    }

    /// Returns the result once there is one, or `ECANCELED` if there will be none.
    fn result(&self) -> Option<Result<u32>> {
        match *self.job.lock() {
            Job::Done(result) => Some(Ok(result)),
            Job::Lost => Some(Err(ECANCELED)),
            _ => None,
        }
    }

    /// Takes note that the device has finished something.
    pub(crate) fn complete(&self) {
        let mut job = self.job.lock();
        // If it is busy, the interrupt was for something before.
        if self.bar.read(STATUS).busy() {
            return;
        }
        match *job {
            Job::Running(_) => *job = Job::Done(self.bar.read(FACTORIAL).value().into()),
            Job::GivenUp(_) => *job = Job::None,
            _ => (),
        }
    }

    /// Lets the next one try, whether the job is finished or given up.
    fn finish(&self) {
        let mut job = self.job.lock();
        *job = match core::mem::replace(&mut *job, Job::None) {
            // If it never ends, it is the watchdog that finds out.
            Job::Running(work) if self.bar.read(STATUS).busy() => Job::GivenUp(work),
            _ => Job::None,
        };
    }
}

/// Handles `ACCEL_EDU_IOC_FACTORIAL`.
pub(crate) fn factorial(ctx: Context<'_, Edu>, args: &mut edu_uapi::Factorial) -> Result {
    if args.n > MAX_N || args.result != 0 {
        return Err(EINVAL);
    }
    let deadline = edu_uapi::deadline(args.timeout_ms);
    let (ctx, started) = ctx.wait(deadline, |ctx| ctx.data().start(ctx, args.n))?;
    started.ready()??;
    let (ctx, result) = ctx.wait(deadline, |ctx| ctx.data().result())?;
    ctx.data().finish();
    ctx.device().wake();
    args.result = result.ready()??;
    Ok(())
}
