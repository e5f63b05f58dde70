// SPDX-License-Identifier: GPL-2.0

//! Jobs of the test driver, which are done when user space says so, and calls that wait for them.

use accel::{
    prelude::*,
    Waiters, //
};
use kernel::{
    new_mutex,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc,
        Mutex, //
    },
};

use crate::{
    calls::Asleep,
    Policy,
    Test,
    Words, //
};

/// How many jobs a device has at most.
const MAX_JOBS: u32 = 4096;

uapi_struct! {
    /// `struct accel_test_wait`
    pub(crate) struct Wait {
        size: u32,
        timeout_ms: u32,
        deadline_ns: u64,
        job: u32,
        times: u32,
    }
}

/// Something that calls wait for.
pub(crate) struct Job {
    /// How often it was done.
    times: Atomic<u32>,
    waiters: Waiters,
}

impl Job {
    fn new() -> Result<Arc<Self>> {
        let job = Self {
            times: Atomic::new(0),
            waiters: Waiters::new(GFP_KERNEL)?,
        };
        Ok(Arc::new(job, GFP_KERNEL)?)
    }

    /// Does it once more. May be called in an interrupt.
    pub(crate) fn end(&self) {
        self.times.fetch_add(1, Release);
        self.waiters.wake();
    }
}

/// The jobs of a device, as far as they were asked for.
#[pin_data]
pub(crate) struct Jobs {
    #[pin]
    all: Mutex<KVec<Arc<Job>>>,
}

impl Jobs {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            all <- new_mutex!(KVec::new()),
        })
    }

    /// Returns a job, which there may not have been before.
    pub(crate) fn get(&self, number: u32) -> Result<Arc<Job>> {
        if number >= MAX_JOBS {
            return Err(EINVAL);
        }
        let mut all = self.all.lock();
        while all.len() <= number as usize {
            all.push(Job::new()?, GFP_KERNEL)?;
        }
        Ok(all[number as usize].clone())
    }
}

/// Waits until a job was done more than so often.
pub(crate) fn wait_job<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Wait) -> Result {
    let (job, before) = (ctx.data().jobs.get(args.job)?, args.times);
    let _asleep = Asleep::new(&ctx.data().asleep);
    args.times = Deadline::restartable(args.timeout_ms, &mut args.deadline_ns, |deadline| {
        let (_ctx, wake) = ctx.wait_in(&job.waiters, deadline, |_| {
            Some(job.times.load(Acquire)).filter(|&times| times > before)
        })?;
        wake.ready()
    })?;
    Ok(())
}

/// Does job `a` once more.
pub(crate) fn end_job<P: Policy>(ctx: Context<'_, Test<P>>, args: &mut Words) -> Result {
    ctx.data().jobs.get(args.a)?.end();
    Ok(())
}
