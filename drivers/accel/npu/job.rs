// SPDX-License-Identifier: GPL-2.0

//! A job: commands that were handed over together, and the fence that tells when they are done.

use accel::{
    engine::{
        EngineId,
        FileEngine, //
    },
    fence::{
        DriverFence,
        Fence,
        FenceCallback, //
    },
    prelude::*,
    Pollers,
    Work, //
};
use kernel::{
    sync::aref::ARef,
    time::{
        Delta,
        Instant,
        Monotonic,
        Msecs, //
    }, //
};

use crate::Npu;

/// Has the device told when a fence is signalled.
pub(crate) type Input = Pin<KBox<FenceCallback>>;

/// What a job waits for.
pub(crate) struct Inputs {
    /// What its submitter has asked for. If that fails, the job does.
    pub(crate) asked: Option<Input>,
    /// What others do with its buffers.
    pub(crate) implicit: KVec<Input>,
}

impl Inputs {
    /// Returns how what the job waits for has ended, once all of it has.
    fn status(&self) -> Option<Result> {
        let mut implicit = self.implicit.iter();
        if implicit.any(|input| input.fence().status().is_none()) {
            return None;
        }
        let asked = self.asked.as_ref();
        asked.map_or(Some(Ok(())), |input| input.fence().status())
    }
}

/// What the records of a job say, if not that all is well.
#[derive(Clone, Copy, Default)]
pub(crate) struct Failure {
    pub(crate) status: u32,
    pub(crate) address: u64,
    /// Which command it was.
    pub(crate) command: u32,
}

/// A job, which stays until its place is needed for another one.
pub(crate) struct Job {
    fence: ARef<Fence>,
    /// `None` once the job is done.
    done: Option<DriverFence>,
    inputs: Inputs,
    engine: FileEngine,
    work: Option<Work>,
    pollers: Pollers,
    timeout_ms: Msecs,
    /// Since when it is the first in the ring.
    since: Option<Instant<Monotonic>>,
    /// Sequence number of its first command, and how many there are.
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) failure: Option<Failure>,
}

impl Job {
    pub(crate) fn new(
        ctx: &Context<'_, Npu>,
        engine: EngineId<Npu>,
        done: DriverFence,
        inputs: Inputs,
        timeout_ms: Msecs,
    ) -> Self {
        Self {
            fence: done.fence().clone(),
            done: Some(done),
            inputs,
            engine: ctx.engine(engine),
            work: None,
            pollers: ctx.pollers(),
            timeout_ms,
            since: None,
            first: 0,
            count: 0,
            failure: None,
        }
    }

    /// Returns its fence.
    pub(crate) fn fence(&self) -> &ARef<Fence> {
        &self.fence
    }

    /// Returns whether the device may begin with it, or with an error that it must not, once that
    /// is known.
    pub(crate) fn may_begin(&self) -> Option<Result> {
        self.inputs.status()
    }

    /// Takes note that the device executes it now.
    pub(crate) fn begin(&mut self) {
        if self.done.is_some() && self.since.is_none() {
            self.since = Some(Instant::now());
            self.work = Some(self.engine.clone().begin_work());
        }
    }

    /// Returns how many milliseconds it has left, if the device executes it.
    pub(crate) fn left_ms(&self) -> Option<Msecs> {
        let limit = Delta::from_millis(self.timeout_ms.into());
        let left = limit.as_millis() - self.since?.elapsed().as_millis();
        // CAST: It is not negative, and at most the limit.
        Some(left.max(0) as Msecs)
    }

    /// Says how it has ended, if that was not said before. Works in interrupts, and with the lock
    /// of a context held.
    pub(crate) fn finish(&mut self, result: Result) {
        // Whoever sees it done also sees it counted.
        self.work = None;
        if let Some(done) = self.done.take() {
            done.signal(match self.failure {
                Some(_) => result.and(Err(EIO)),
                None => result,
            });
            self.pollers.wake();
        }
    }
}
